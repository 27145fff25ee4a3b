/** The secrets of a cell: the ingest prefix, the pepper of API keys, and the nkeys of the roles. Made once, kept in one file. */
import { createHmac, randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { createAccount, createUser, fromSeed, Prefix } from '@nats-io/nkeys';
import { Codec } from '@nats-io/nkeys/lib/codec.js';
import { WritError } from '@writ/contracts';

/** Every user that logs in with an nkey. Who answers requests (`-answer`) is never who writes (`-store`). */
export const userNames = [
  'gatekeeper-callout',
  'gatekeeper-sys',
  'gatekeeper-store',
  'commander-answer',
  'commander-store',
  'governor-answer',
  'governor-store',
  'projector-store',
  'api-answer',
  'api-store',
  'snapshotter-store',
  'operator',
] as const;
export type UserName = (typeof userNames)[number];

/** Users that came after the first files were written. A file without them is complete all the same. */
const laterUsers: readonly UserName[] = ['snapshotter-store'];

export type UserKeys = { readonly seed: string; readonly public: string };

export type Secrets = {
  readonly version: 1;
  /** The name of the cell, `c` and eight hex digits. */
  readonly cell: string;
  /** The secret token of the ingest prefix `_writ.<ingest>`, 32 hex digits. */
  readonly ingest: string;
  /** The key of the HMAC over API keys' secrets, 64 hex digits. */
  readonly pepper: string;
  /** The account seed that signs the users of the auth callout. */
  readonly issuerSeed: string;
  readonly users: Readonly<Record<UserName, UserKeys>>;
};

/** Makes the secrets of a new cell. */
export function generateSecrets(): Secrets {
  const users = Object.fromEntries(userNames.map((name) => [name, newUserKeys()])) as Record<
    UserName,
    UserKeys
  >;
  return {
    version: 1,
    cell: `c${randomBytes(4).toString('hex')}`,
    ingest: randomBytes(16).toString('hex'),
    pepper: randomBytes(32).toString('hex'),
    issuerSeed: new TextDecoder().decode(createAccount().getSeed()),
    users,
  };
}

/** Writes the file as a whole, readable by its owner only. */
export async function writeSecrets(path: string, secrets: Secrets): Promise<void> {
  const half = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(half, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await chmod(half, 0o600);
  await rename(half, path);
}

/** Reads the file; throws `CONFIG_INVALID` when it is missing, unreadable or not of this release. */
export async function readSecrets(path: string): Promise<Secrets> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new WritError(
      'CONFIG_INVALID',
      `the secrets file \`${path}\` can not be read; check the path and its owner`,
      { cause },
    );
  }
  return checkSecrets(parse(text, path), path);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WritError(
      'CONFIG_INVALID',
      `the secrets file \`${path}\` is not JSON; restore it from its backup`,
      { cause },
    );
  }
}

function checkSecrets(value: unknown, path: string): Secrets {
  const bad = firstProblem(value);
  if (bad === undefined) return withLaterUsers(value as Secrets);
  throw new WritError(
    'CONFIG_INVALID',
    `the secrets file \`${path}\` is not valid: ${bad}; restore it from its backup`,
  );
}

const fields: readonly (readonly [string, RegExp])[] = [
  ['cell', /^c[0-9a-f]{8}$/],
  ['ingest', /^[0-9a-f]{32}$/],
  ['pepper', /^[0-9a-f]{64}$/],
  ['issuerSeed', /^SA[A-Z2-7]+$/],
];

function firstProblem(value: unknown): string | undefined {
  if (!isRecord(value) || value['version'] !== 1) return 'it is not of version 1';
  for (const [name, shape] of fields)
    if (!matches(shape, value[name])) return `\`${name}\` does not have its shape`;
  const users = value['users'];
  if (!isRecord(users)) return '`users` is missing';
  for (const name of userNames) {
    const keys = users[name];
    if (keys === undefined && laterUsers.includes(name)) continue;
    if (
      !isRecord(keys) ||
      !matches(/^SU[A-Z2-7]+$/, keys['seed']) ||
      !matches(/^U[A-Z2-7]+$/, keys['public'])
    )
      return `the keys of \`${name}\` are missing`;
  }
  return undefined;
}

/**
 * Keys of users that the file does not have are derived from its pepper: every process that reads the file gets the
 * same ones, and none has to write it.
 */
function withLaterUsers(secrets: Secrets): Secrets {
  const derived = laterUsers
    .filter((name) => secrets.users[name] === undefined)
    .map((name) => [name, derivedUserKeys(secrets.pepper, name)] as const);
  if (derived.length === 0) return secrets;
  return { ...secrets, users: { ...secrets.users, ...Object.fromEntries(derived) } };
}

function derivedUserKeys(pepper: string, name: UserName): UserKeys {
  const raw = createHmac('sha256', Buffer.from(pepper, 'hex')).update(`nkey of ${name}`).digest();
  const seed = Codec.encodeSeed(Prefix.User, raw);
  return { seed: new TextDecoder().decode(seed), public: fromSeed(seed).getPublicKey() };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(shape: RegExp, value: unknown): boolean {
  return typeof value === 'string' && shape.test(value);
}

function newUserKeys(): UserKeys {
  const pair = createUser();
  return { seed: new TextDecoder().decode(pair.getSeed()), public: pair.getPublicKey() };
}
