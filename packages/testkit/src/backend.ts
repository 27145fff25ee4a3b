/** Which servers the tests run on: the embedded ones, a Postgres in a container, or what the environment names. */

export type TestBackend = {
  /** The Postgres in which tests make databases of their own; an embedded one when left out. */
  readonly databaseUrl?: string;
  /** Postgres runs in a container, where an engine answers. */
  readonly container?: boolean;
  /** The nats-server to start instead of the bundled one. Tests kill, stop and configure theirs, so each starts its own. */
  readonly natsBinary?: string;
};

/** What the tests read from the environment, and nothing else does. */
export const testVariables = [
  'WRIT_TEST_BACKEND',
  'WRIT_TEST_DATABASE_URL',
  'WRIT_TEST_HISTORIES',
  'WRIT_TEST_SEED',
] as const;

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads `WRIT_TEST_BACKEND`; throws where it names what is not there. */
export function testBackend(variables: Variables = process.env): TestBackend {
  const backend = variables['WRIT_TEST_BACKEND'] ?? 'embedded';
  const natsBinary = variables['WRIT_NATS_SERVER_BIN'];
  const nats = natsBinary === undefined ? {} : { natsBinary };
  switch (backend) {
    case 'embedded':
      return nats;
    case 'container':
      return { ...nats, container: true };
    case 'external':
      return { ...nats, databaseUrl: namedDatabase(variables) };
    default:
      throw new Error(
        `\`WRIT_TEST_BACKEND\` must be \`embedded\`, \`container\` or \`external\`, not \`${backend}\``,
      );
  }
}

function namedDatabase(variables: Variables): string {
  const databaseUrl = variables['WRIT_TEST_DATABASE_URL'] ?? '';
  if (databaseUrl === '')
    throw new Error(
      '`WRIT_TEST_BACKEND=external` needs `WRIT_TEST_DATABASE_URL`; name a Postgres whose role may create databases',
    );
  return databaseUrl;
}
