// Writes the documents that are made from the code; with --check it only says how they differ (Node 24).
import { fileURLToPath } from 'node:url';
import { driftOf, writeGenerated } from '../apps/api/src/reference/generated-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.argv.includes('--check')) {
  const problems = await driftOf(root);
  for (const problem of problems) process.stderr.write(`${problem}; run \`npm run generate\`\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} else {
  await writeGenerated(root).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
