/** The agent of the tutorial: it asks before it counts, and reports what came of it. */
import { readFile } from 'node:fs/promises';
import { connect, PermissionDenied } from '@writ/sdk';

const agentId = 'tutorial:counter';
const { WRIT_NATS_URL: url = '', WRIT_API_KEY: apiKey = '' } = process.env;
const writ = await connect({ url, apiKey, name: 'tutorial' });

const registered = await writ.registerAgent({
  agentId,
  name: 'Counter',
  type: 'analysis',
  version: '1.0.0',
  capabilities: ['count_words'],
});
console.log(`registered: event ${registered.seq}`);

try {
  const words = await writ.withGovernance(
    agentId,
    'count_words',
    async () => (await readFile('README.md', 'utf8')).split(/\s+/).length,
    { resource: 'document:readme' },
  );
  console.log(`counted ${words} words`);
} catch (error) {
  if (!(error instanceof PermissionDenied)) throw error;
  console.log(`denied: ${error.code}, ${error.message}`);
} finally {
  await writ.close();
}
