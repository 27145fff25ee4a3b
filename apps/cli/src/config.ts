/** Where the settings come from: flags, then the environment, then the file `WRIT_CONFIG`, then defaults. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Environment, environment, parseEnvironment } from '@writ/contracts';
import { CliFailure, exitCodes } from './failure.ts';

export type Source = 'flag' | 'environment' | 'file' | 'default';
export type Variables = Readonly<Record<string, string | undefined>>;

export type Config = {
  readonly environment: Environment;
  /** Absolute. */
  readonly dataDir: string;
  readonly sources: Readonly<Record<string, Source>>;
};

export type ConfigFlags = { readonly data?: string | undefined };

/** The process's own variables; nothing else in the app reads them. */
export function processVariables(): Variables {
  return process.env;
}

/** Whether the user asked for no colour (https://no-color.org). */
export function colourWanted(variables: Variables): boolean {
  return (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
}

export async function readConfig(flags: ConfigFlags, variables: Variables): Promise<Config> {
  const path = variables['WRIT_CONFIG'];
  const fromFile = path === undefined || path === '' ? {} : await readConfigFile(path);
  const fromFlags = flags.data === undefined ? {} : { WRIT_DATA_DIR: flags.data };
  const parsed = parseEnvironment({ ...fromFile, ...withoutEmpty(variables), ...fromFlags });
  const sourceOf = (name: string): Source => {
    if (name in fromFlags) return 'flag';
    if ((variables[name] ?? '') !== '') return 'environment';
    return name in fromFile ? 'file' : 'default';
  };
  const sources = Object.fromEntries(
    Object.keys(environment.shape).map((name) => [name, sourceOf(name)]),
  );
  return { environment: parsed, dataDir: resolve(parsed.WRIT_DATA_DIR), sources };
}

/** The address of the module with the installation's own checks of results; `undefined` where there is none. */
export function checksOf({ WRIT_VALIDATION_CHECKS: path }: Environment): string | undefined {
  return path === undefined ? undefined : pathToFileURL(resolve(path)).href;
}

/** A YAML or JSON object with the names of the variables, e.g. `WRIT_HTTP_PORT: 9090`. */
async function readConfigFile(path: string): Promise<Record<string, string>> {
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliFailure(
      exitCodes.usage,
      `the file of WRIT_CONFIG \`${path}\` can not be read: ${why}`,
      { cause },
    );
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content))
    throw new CliFailure(
      exitCodes.usage,
      `the file of WRIT_CONFIG \`${path}\` must hold one object of settings`,
    );
  for (const name of Object.keys(content))
    if (!(name in environment.shape) || name === 'WRIT_CONFIG')
      throw new CliFailure(
        exitCodes.usage,
        `\`${name}\` in \`${path}\` is not a setting; use names like WRIT_HTTP_PORT (\`writ config show\` lists them)`,
      );
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [name, String(value)]));
}

function withoutEmpty(variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
}
