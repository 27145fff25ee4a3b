/** Whether a command that failed may have been done all the same, and how to repeat it so that it is done once. */
import { CliFailure, exitCodes } from '../failure.ts';

/** The request never left: nobody listens there. */
const notSent: readonly unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** Nothing answered, and nothing was done: no connection, or refused before anything is stored. */
const settled: readonly string[] = [
  'UNREACHABLE',
  'SERVICE_UNAVAILABLE',
  'OVERLOADED',
  'CLOCK_SKEW',
  'LOG_FULL',
];

/** A request that got no answer, or not all of it. */
export function unanswered(baseUrl: string, cause: unknown): CliFailure {
  const failed = (message: string, code?: string): CliFailure =>
    new CliFailure(exitCodes.unreachable, message, {
      cause,
      ...(code === undefined ? {} : { code }),
    });
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return failed(`\`${baseUrl}\` did not answer in time; try \`writ doctor\``, 'TIMEOUT');
  const reason = reasonOf(cause);
  if (reason === undefined || notSent.includes(reason))
    return failed(`nothing answers at \`${baseUrl}\`; start it with \`npm start\` or \`writ up\``);
  return failed(
    `the connection to \`${baseUrl}\` broke off before the answer came; try \`writ doctor\``,
    'CONNECTION_LOST',
  );
}

/** What the system says of a failed request; what fetch itself refuses to send has no such code. */
function reasonOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return undefined;
  return 'code' in thrown ? thrown.code : reasonOf(thrown.cause);
}

/** The failure of a command; one that leaves it in doubt says how to repeat it, with these options. */
export function failedCommand(thrown: unknown, repeatWith: readonly string[]): unknown {
  if (!(thrown instanceof CliFailure) || !isInDoubt(thrown)) return thrown;
  const { exitCode, message, code, details, cause } = thrown;
  return new CliFailure(
    exitCode,
    `${message}; it may have been done: to be sure, repeat it with \`${repeatWith.join(' ')}\``,
    { code, details, cause },
  );
}

function isInDoubt({ exitCode, code }: CliFailure): boolean {
  // A proxy that finds fault with the request has not passed it on.
  const isRefusal = settled.includes(code) || code.startsWith('HTTP_4');
  return exitCode === exitCodes.unreachable && !isRefusal;
}
