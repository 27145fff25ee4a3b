// What `npm start`, `npm test`, `npm run verify`, `npm run chaos` and `npm run writ` run first. Plain JavaScript for
// Node 18 and newer: it installs what is missing, then hands over to the Node of node_modules.
import { handOver } from './hand-over.mjs';

const commands = {
  start: (rest) => ['apps/cli/src/main.ts', 'up', '--demo', ...rest],
  writ: (rest) => ['apps/cli/src/main.ts', ...rest],
  test: (rest) => ['scripts/test.mjs', ...rest],
  chaos: (rest) => ['test/chaos/main.ts', ...rest],
  verify: (rest) => ['scripts/verify.mjs', ...rest],
};

const [name = '', ...rest] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  process.stderr.write(
    `there is no command \`${name}\`; give one of: ${Object.keys(commands).join(', ')}\n`,
  );
  process.exit(2);
}
handOver(commands[name](rest));
