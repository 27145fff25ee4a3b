#!/usr/bin/env node
// Plain JavaScript: whatever Node `npx writ` runs on, the command itself runs on the bundled one.
import { handOver } from '../../../scripts/hand-over.mjs';

handOver(['apps/cli/src/main.ts', ...process.argv.slice(2)]);
