import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@writ/sdk';
import { startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFleet } from './index.ts';

let platform: Writ;

beforeAll(async () => {
  platform = await startWrit();
});

afterAll(() => platform?.stop());

async function tell(): Promise<string> {
  const { natsUrl, httpUrl, adminKey } = platform.connection;
  const lines: string[] = [];
  const { dataDir } = platform;
  await runFleet({ natsUrl, httpUrl, adminKey, dataDir, print: (line) => void lines.push(line) });
  return lines.join('\n');
}

const inWorkshop = (file: string): string => join(platform.dataDir, 'demo', file);

test('the story holds: grants, a denial, ratings, a policy, a suspension and a life replayed', async () => {
  const story = await tell();
  expect(story).toContain('granted write_summary on dataset:bike-* for 30 days');
  expect(story).toContain('draw_chart on dataset:rider-addresses: NO_GRANT');
  expect(story).toContain('trust of fleet:summariser: 120 → 473');
  expect(story).toContain('trust of fleet:hasty: 120 → 32');
  expect(story).toContain('write_summary: TRUST_TOO_LOW, trust 32');
  expect(story).toContain('draw_chart: AGENT_SUSPENDED');
  expect(story).toContain('was rated 0 (major) by fleet:validator');
  expect(story).toMatch(/all \d+ events of this run were also seen live/);
});

test('the results are real, and the keys are for their owner alone', async () => {
  expect(JSON.parse(await readFile(inWorkshop('profile.json'), 'utf8'))).toHaveProperty(
    'rows',
    1095,
  );
  expect(await readFile(inWorkshop('chart.svg'), 'utf8')).toMatch(/^<svg /);
  expect(await readFile(inWorkshop('summary.md'), 'utf8')).toContain(
    '| Bikes in all | 1,353,240 |',
  );
  expect((await stat(inWorkshop('keys.json'))).mode & 0o777).toBe(0o600);
});

test("told again it has the same agents, keys and grants, and leaves others' policies in force", async () => {
  const { natsUrl, adminKey } = platform.connection;
  const operator = await connect({ url: natsUrl, apiKey: adminKey });
  const own = 'forbid (principal, action == Action::"burn", resource);';
  const { result } = await operator.publishPolicies({ policies: { 'nobody-burns': own } });
  await operator.activatePolicies(result.version);

  const before = await readFile(inWorkshop('keys.json'), 'utf8');
  const story = await tell();
  expect(story).toContain('known from an earlier run');
  expect(story).not.toContain('for 30 days');
  expect(await readFile(inWorkshop('keys.json'), 'utf8')).toBe(before);

  const published = new Map<string, object>();
  let active: object | undefined;
  for await (const event of operator.history({ types: ['PoliciesPublished', 'PoliciesActivated'] }))
    if (event.type === 'PoliciesPublished') published.set(event.data.version, event.data.policies);
    else active = published.get(event.data.version);
  expect(active).toMatchObject({ 'nobody-burns': own });
  expect(Object.keys(active ?? {})).toHaveLength(2);
  await operator.close();
});

test('with its keys lost or revoked it makes new ones', async () => {
  const keys = JSON.parse(await readFile(inWorkshop('keys.json'), 'utf8')) as Record<
    string,
    string
  >;
  const { natsUrl, adminKey } = platform.connection;
  const operator = await connect({ url: natsUrl, apiKey: adminKey });
  await operator.revokeKey(keys['fleet:hasty']?.split('_')[1] ?? '');
  await operator.close();
  expect(await tell()).toContain('The story took');
  await rm(inWorkshop('keys.json'));
  expect(await tell()).toContain('The story took');
});

test('with a story that does not hold it fails and says why', async () => {
  const { natsUrl, adminKey } = platform.connection;
  const operator = await connect({ url: natsUrl, apiKey: adminKey });
  const grant = await operator.issueGrant({
    agentId: 'fleet:chart-maker',
    actions: ['*'],
    resources: ['*'],
  });
  await expect(tell()).rejects.toMatchObject({
    name: 'StoryFailed',
    message: '`fleet:chart-maker` acted on `dataset:rider-addresses` without a grant',
  });
  await operator.revokeGrant(grant.result.grantId);
  await operator.close();
});

test('by itself it runs against the platform of a data directory, or says how to start one', async () => {
  const ran = await main(platform.dataDir);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toContain('The story took');
  const nowhere = await main(join(tmpdir(), 'writ-no-such-directory'));
  expect(nowhere).toMatchObject({ code: 1, stdout: '' });
  expect(nowhere.stderr).toContain('start the platform with `npm start` first');
});

function main(dataDir: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = fileURLToPath(new URL('./main.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [program, dataDir], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
