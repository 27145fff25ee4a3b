/** Policies as files: `<policyId>.cedar` each, folders of them, or one JSON object of texts. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CliFailure, exitCodes } from '../failure.ts';

export type PolicySource = {
  readonly policyId: string;
  readonly file: string;
  readonly text: string;
};

export async function readPolicySources(
  paths: readonly string[],
): Promise<readonly PolicySource[]> {
  const sources = (await Promise.all(paths.map(readPath))).flat();
  const seen = new Map<string, string>();
  for (const { policyId, file } of sources) {
    const other = seen.get(policyId);
    if (other !== undefined)
      throw new CliFailure(
        exitCodes.usage,
        `\`${file}\` and \`${other}\` are both policy \`${policyId}\`; rename one`,
      );
    seen.set(policyId, file);
  }
  return sources;
}

export type SchemaFile = { readonly file: string; readonly text: string };

export async function readSchemaFile(file: string): Promise<SchemaFile> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliFailure(exitCodes.usage, `there is no file \`${file}\` to read`, { cause });
  });
  return { file, text };
}

/** The schema that policies are held to: the file named, or the one in the folders they are in. */
export async function findSchemaFile(
  paths: readonly string[],
  named?: string,
): Promise<SchemaFile | undefined> {
  if (named !== undefined) return readSchemaFile(named);
  const files = (await Promise.all(paths.map(schemasIn))).flat();
  const [file, other] = files;
  if (other !== undefined)
    throw new CliFailure(
      exitCodes.usage,
      `\`${file}\` and \`${other}\` are both schemas; say which with \`--schema\``,
    );
  return file === undefined ? undefined : readSchemaFile(file);
}

async function schemasIn(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [];
  const names = (await readdir(path)).filter((name) => extname(name) === '.cedarschema');
  return names.sort().map((name) => join(path, name));
}

async function readPath(path: string): Promise<readonly PolicySource[]> {
  const kind = await stat(path).catch((cause: unknown) => {
    throw new CliFailure(exitCodes.usage, `there is no file or folder \`${path}\``, { cause });
  });
  if (!kind.isDirectory()) return readPolicyFile(path);
  const names = (await readdir(path)).filter((name) => extname(name) === '.cedar').sort();
  if (names.length === 0)
    throw new CliFailure(exitCodes.usage, `there is no .cedar file in \`${path}\``);
  return (await Promise.all(names.map((name) => readPolicyFile(join(path, name))))).flat();
}

async function readPolicyFile(file: string): Promise<readonly PolicySource[]> {
  const text = await readFile(file, 'utf8');
  const extension = extname(file);
  if (extension === '.cedar') return [{ policyId: basename(file, extension), file, text }];
  if (extension === '.json') return readPolicyObject(file, text);
  throw new CliFailure(exitCodes.usage, `\`${file}\` is neither a .cedar nor a .json file`);
}

/** `{"night-freeze":"forbid (…);"}`, or the same under `policies`. */
function readPolicyObject(file: string, text: string): readonly PolicySource[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CliFailure(exitCodes.usage, `\`${file}\` is not JSON`, { cause });
  }
  const inner = isRecord(value) && isRecord(value['policies']) ? value['policies'] : value;
  if (!isRecord(inner) || !Object.values(inner).every((policy) => typeof policy === 'string'))
    throw new CliFailure(exitCodes.usage, `\`${file}\` must be an object of policy ids and texts`);
  return Object.entries(inner).map(([policyId, policy]) => ({
    policyId,
    file,
    text: String(policy),
  }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
