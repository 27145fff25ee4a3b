/** The environment, parsed once by the app that starts; names and meaning are public. */
import { z } from 'zod';
import { WritError } from './errors.ts';
import { tenantId } from './ids.ts';

const port = z.coerce.number().int().min(0).max(65_535);

export const environment = z.object({
  /** Where NATS is; embedded when absent. Several addresses are separated by commas. */
  WRIT_NATS_URL: z.string().min(1).optional(),
  /** The file with the cell's secrets and the roles' seeds; `<data dir>/secrets.json` when absent. */
  WRIT_NATS_CREDS: z.string().min(1).optional(),
  WRIT_NATS_SERVER_BIN: z.string().min(1).optional(),
  WRIT_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// address')
    .optional(),
  WRIT_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  WRIT_HTTP_PORT: port.default(8080),
  WRIT_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  WRIT_DATA_DIR: z.string().min(1).default('.writ'),
  WRIT_TENANT: tenantId.default('default'),
  WRIT_API_KEY: z
    .string()
    .regex(/^writ_[a-z0-9]{10,20}_\S+$/, 'must be `writ_<key>_<secret>`')
    .optional(),
  WRIT_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  /** `interval` syncs the log every second, `always` before each acknowledgement. */
  WRIT_SYNC: z.enum(['interval', 'always']).default('interval'),
  WRIT_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** A module that exports `checks`: functions by name, for rules of validation. */
  WRIT_VALIDATION_CHECKS: z.string().min(1).optional(),
  WRIT_CONFIG: z.string().min(1).optional(),
});

export type Environment = Readonly<z.infer<typeof environment>>;

/** Reads the `WRIT_*` variables; throws `CONFIG_INVALID` that names each bad one. Empty counts as absent. */
export function parseEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): Environment {
  const given = Object.fromEntries(
    Object.entries(variables).filter(
      ([name, value]) => name.startsWith('WRIT_') && value !== undefined && value !== '',
    ),
  );
  const parsed = environment.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const details = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }));
  const said = details.map((detail) => `\`${detail.path}\` ${detail.message}`).join('; ');
  throw new WritError('CONFIG_INVALID', `the environment is not valid: ${said}`, { details });
}
