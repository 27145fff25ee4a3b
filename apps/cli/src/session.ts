/** What every verb gets: settings, a place for its words, and the API of the running platform. */
import type { Command } from 'commander';
import { type Config, colourWanted, readConfig, type Variables } from './config.ts';
import { type Connection, readConnection } from './connection.ts';
import { type ExitCode, exitCodes, toFailure } from './failure.ts';
import { type ClientOptions, type HttpClient, openHttpClient } from './http/client.ts';
import { createOutput, type Output, type Stream } from './terminal/output.ts';
import { futureTimesOf } from './verb.ts';

/** The process as the program sees it; tests give their own. */
export type Host = {
  readonly variables: Variables;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborted by the first Ctrl-C. */
  readonly interrupted: () => AbortSignal;
  exitCode: ExitCode;
};

export type Session = {
  readonly config: Config;
  readonly out: Output;
  readonly host: Host;
  /** What the running platform wrote of itself; `undefined` when none is recorded. */
  readonly connection: () => Connection | undefined;
  readonly api: () => HttpClient;
};

export type GlobalOptions = {
  readonly json?: boolean;
  readonly data?: string;
  readonly idempotencyKey?: string;
  readonly color?: boolean;
};

/** `Args` are what the verb's arguments were parsed to. */
type Handler<Options, Args> = (
  session: Session,
  args: Args,
  options: Options,
) => Promise<ExitCode | void>;

/**
 * The options that a verb declares itself: what holds for every verb is in the session. One that the verb above it
 * has too, as `bench seed --events`, is read by that one, wherever it stands.
 */
function ownOptions(command: Command): Readonly<Record<string, unknown>> {
  const own = new Set(command.options.map((option) => option.attributeName()));
  const all = Object.entries(command.optsWithGlobals());
  return Object.fromEntries(all.filter(([name]) => own.has(name)));
}

/** Binds a handler to a verb: opens the session, runs it, turns what it throws into words and an exit code. */
export function handled<Options = Record<string, never>, Args = readonly string[]>(
  host: Host,
  handler: Handler<Options, Args>,
  failures: 'document' | 'stream' = 'document',
): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<GlobalOptions>();
    const out = createOutput({
      json: options.json === true,
      colour: options.color !== false && colourWanted(host.variables),
      stdout: host.stdout,
      stderr: host.stderr,
    });
    try {
      const config = await readConfig({ data: options.data }, host.variables);
      const session = openSession(
        { host, out, config },
        { idempotencyKey: options.idempotencyKey, repeatWith: futureTimesOf(command) },
      );
      host.exitCode =
        (await handler(
          session,
          command.processedArgs.flat() as Args,
          ownOptions(command) as Options,
        )) ?? exitCodes.done;
    } catch (thrown) {
      const failure = toFailure(thrown);
      out.failure(failure, failures);
      host.exitCode = failure.exitCode;
    }
  };
}

type Repetition = Pick<ClientOptions, 'idempotencyKey' | 'repeatWith'>;

function openSession(
  { host, out, config }: Pick<Session, 'host' | 'out' | 'config'>,
  repetition: Repetition,
): Session {
  let client: HttpClient | undefined;
  const connection = () => readConnection(config.dataDir);
  const api = () => (client ??= openApi(config, connection(), repetition));
  return { config, out, host, connection, api };
}

function openApi(
  { environment }: Config,
  connection: Connection | undefined,
  repetition: Repetition,
): HttpClient {
  const configured = `http://${hostForClients(environment.WRIT_HTTP_HOST)}:${environment.WRIT_HTTP_PORT}`;
  return openHttpClient({
    baseUrl: connection?.httpUrl ?? configured,
    apiKey: environment.WRIT_API_KEY ?? connection?.adminKey,
    ...repetition,
  });
}

/** A listener on every address is reached by the loopback one. */
export function hostForClients(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
