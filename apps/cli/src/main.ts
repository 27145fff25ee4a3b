/** The process: its arguments in, its exit code out. */
import { enableCompileCache } from 'node:module';

enableCompileCache();

const { processVariables } = await import('./config.ts');
const { runProgram } = await import('./program.ts');

const host = {
  variables: processVariables(),
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted,
  exitCode: 0 as const,
};

// A reader that went away (`writ … | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

await runProgram(host, process.argv.slice(2));
process.exitCode = host.exitCode;
// The verb is over: what still holds the process is a handle that did not close.
setTimeout(() => process.exit(), 2000).unref();

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => controller.abort());
  return controller.signal;
}
