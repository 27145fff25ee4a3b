#!/usr/bin/env node
// Plain JavaScript: whatever Node `npx writ` runs on, the command itself runs on the bundled one.
// By URL, since it is the checkout that starts here, not a package that imports another.
const { handOver } = await import(new URL('../../../scripts/hand-over.mjs', import.meta.url).href);

handOver(['apps/cli/src/main.ts', ...process.argv.slice(2)]);
