import {
  type DecisionDenials,
  type DecisionGap,
  type DecisionRecord,
  decisionDetailView,
  decisionsQuery,
  decisionView,
  grantsQuery,
  grantView,
  keysQuery,
  keyView,
  policiesQuery,
  policySchemaView,
  policyVersionDetailView,
  policyVersionView,
  unlistedDecisionsQuery,
  unlistedDecisionsView,
  subjects,
} from '@writ/contracts';
import { ancestorsOf } from '@writ/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyEntries } from '../projection/apply.ts';
import { projections } from '../projections.ts';
import { everyPage, type ProjectedRun, projectRun } from '../projected-run.fixture.ts';
import { getKey, listKeys } from '../tenancy/key-queries.ts';
import { batchOf, claimAll, testSource } from '../test-store.fixture.ts';
import { getDecision, listDecisions } from './decision-queries.ts';
import { getGrant, listGrants } from './grant-queries.ts';
import { getPolicySchema, getPolicyVersion, listPolicyVersions } from './policy-queries.ts';
import { listUnlistedDecisions } from './unlisted-decisions.ts';

let run: ProjectedRun;
beforeAll(async () => {
  run = await projectRun(1500);
});
afterAll(() => run.store.drop());

const grants = (filters: Record<string, unknown> = {}) =>
  everyPage((cursor) =>
    listGrants(run.store, run.scope, grantsQuery.parse({ cursor, ...filters })),
  );

describe('grants, policies and keys', () => {
  test('grants are filtered by what covers a name, and by how they stand now', async () => {
    const everything = await grants();
    expect(everything.map((view) => grantView.parse(view))).toEqual(everything);
    expect(await grants({ action: 'read_file' })).toEqual(everything);
    expect(await grants({ action: 'write_file' })).toEqual([]);
    expect(await grants({ resource: 'dataset:anything' })).toEqual(everything);
    for (const status of ['active', 'expired', 'revoked', 'not_yet'])
      expect(await grants({ status })).toEqual(
        everything.filter((grant) => grant.status === status),
      );
    expect(new Set(everything.map(({ status }) => status))).toEqual(
      new Set(['active', 'expired', 'revoked']),
    );
    const [first] = everything;
    expect(await getGrant(run.store, run.scope, first?.grantId ?? '')).toEqual(first);
  });

  test('grants that were handed on stand as the world has them, with what they are from', async () => {
    const world = run.world.tenants.get('acme');
    if (!world) throw new Error('the run has no tenant `acme`');
    const ofAcme = (filters: object = {}) =>
      everyPage((cursor) =>
        listGrants(
          run.store,
          { ...run.scope, tenant: 'acme' },
          grantsQuery.parse({ cursor, ...filters }),
        ),
      );
    const handedOn = (await ofAcme()).filter(({ parent }) => parent !== null);
    const cascaded = handedOn.filter(({ revoked }) => revoked?.through);
    for (const { grantId, agentId, parent, depth, revoked } of handedOn) {
      const grant = world.grants.get(agentId)?.grants.get(grantId);
      const ancestors = (grant && ancestorsOf(world, grant)) ?? [];
      expect(ancestors[0]).toMatchObject(parent ?? {});
      expect(depth).toBe(ancestors.length);
      const ended = [grant, ...ancestors].find((one) => one?.status === 'revoked');
      expect(revoked !== null).toBe(ended !== undefined);
      expect(revoked?.through?.grantId).toBe(ended === grant ? undefined : ended?.grantId);
    }
    expect(cascaded).not.toEqual([]);
    expect(Math.max(...handedOn.map(({ depth }) => depth))).toBeGreaterThan(1);
    expect(await ofAcme({ status: 'revoked' })).toEqual(expect.arrayContaining(cascaded));
    const parent = handedOn[0]?.parent?.grantId;
    expect(await ofAcme({ parent })).toEqual(
      handedOn.filter((grant) => grant.parent?.grantId === parent),
    );
  });

  test('exactly one version of the policies is active, the one that the world has', async () => {
    const { items } = await listPolicyVersions(run.store, run.scope, policiesQuery.parse({}));
    expect(items.map((view) => policyVersionView.parse(view))).toEqual(items);
    expect(items.filter(({ active }) => active).map(({ version }) => version)).toEqual([
      run.tenant.policies.active?.version,
    ]);
    const detail = policyVersionDetailView.parse(await getPolicyVersion(run.store, run.scope, '1'));
    expect(detail.policies).toEqual(run.tenant.policies.published.get('1')?.policies);
  });

  test('going back makes the version of before active again, and the schema in force is the last one', async () => {
    const { policies } = run.tenant;
    const [version] = policies.before.slice(-1);
    if (policies.active === null || version === undefined) throw new Error('nothing to go back to');
    const inForce = policies.schema;
    expect((await getPolicySchema(run.store, run.scope))?.schema).toBe(inForce?.schema);
    await run.tell(subjects.policies('default'), {
      type: 'PoliciesRolledBack',
      data: { version, digest: 'sha256:', superseded: policies.active.version, reason: null },
    });
    const publications = ['action "a";', null];
    for (const [n, schema] of publications.entries())
      await run.tell(subjects.policies('default'), {
        type: 'SchemaPublished',
        data: {
          version: String(Number(inForce?.version ?? 0) + 1 + n),
          engine: 'cedar',
          schema,
          digest: 'sha256:',
          note: null,
        },
      });
    const { items } = await listPolicyVersions(run.store, run.scope, policiesQuery.parse({}));
    expect(items.filter(({ active }) => active)).toMatchObject([{ version }]);
    expect(run.tenant.policies.active?.version).toBe(version);
    const schema = await getPolicySchema(run.store, run.scope);
    expect(policySchemaView.parse(schema)).toMatchObject({
      version: run.tenant.policies.schema?.version,
      schema: null,
    });
  });

  test('keys are as the world has them', async () => {
    const keys = await everyPage((cursor) =>
      listKeys(run.store, run.scope, keysQuery.parse({ cursor })),
    );
    expect(keys.map((view) => keyView.parse(view))).toEqual(keys);
    expect(Object.fromEntries(keys.map(({ keyId, status }) => [keyId, status]))).toEqual(
      Object.fromEntries([...run.tenant.keys].map(([keyId, { status }]) => [keyId, status])),
    );
    const revoked = await everyPage((cursor) =>
      listKeys(run.store, run.scope, keysQuery.parse({ cursor, status: 'revoked' })),
    );
    expect(revoked).toEqual(keys.filter(({ status }) => status === 'revoked'));
    expect(await getKey(run.store, run.scope, keys[0]?.keyId ?? '')).toEqual(keys[0]);
  });
});

describe('decisions', () => {
  test('pages go through the records of a batch in order, none twice', async () => {
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const batches = numbers
      .filter((n) => n % 10 === 0)
      .map((n) => {
        const seq = n / 10 + 1;
        const records = [...numbers.slice(n, n + 10).map(decisionOf), ...unlisted(seq)];
        return { seq, kind: 'dec', id: `batch-${n}`, content: { seq, tenant: 'default', records } };
      });
    const source = { ...testSource, source: 'DECISIONS' as const };
    await applyEntries(
      run.store.pool,
      await claimAll(run.store, projections.DECISIONS, source),
      batchOf(batches),
    );
    const listed = await everyPage((cursor) =>
      listDecisions(run.store, run.scope, decisionsQuery.parse({ limit: 7, cursor })),
    );
    expect(listed.map((view) => decisionView.parse(view))).toEqual(listed);
    expect(listed.map(({ decisionId }) => decisionId)).toEqual(
      numbers.map((n) => `decision-${n}`).reverse(),
    );
    const denied = await everyPage((cursor) =>
      listDecisions(
        run.store,
        run.scope,
        decisionsQuery.parse({ outcome: 'deny', code: 'NO_GRANT', cursor }),
      ),
    );
    expect(denied).toEqual(listed.filter(({ outcome }) => outcome === 'deny'));
    const flipped = await everyPage((cursor) =>
      listDecisions(run.store, run.scope, decisionsQuery.parse({ flipped: 'true', cursor })),
    );
    expect(flipped).toEqual(listed.filter(({ wouldDeny }) => wouldDeny.length > 0));
    expect(flipped).toHaveLength(20);
    const detail = await getDecision(run.store, run.scope, 'decision-42');
    expect(decisionDetailView.parse(detail).record).toMatchObject({ n: 42, seq: 5 });
    const others = await everyPage((cursor) =>
      listUnlistedDecisions(
        run.store,
        run.scope,
        unlistedDecisionsQuery.parse({ limit: 3, cursor }),
      ),
    );
    expect(others.map((view) => unlistedDecisionsView.parse(view))).toEqual(others);
    expect(others.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual(
      [10, 9, 8, 7, 6, 5, 4, 3, 2, 1].flatMap((seq) => [`denials ${seq}`, `gap ${seq}`]),
    );
    expect(others[0]).toMatchObject({ count: 40, at: '2027-01-15T08:00:01.000Z' });
    const elsewhere = { ...run.scope, tenant: 'acme' };
    expect((await listUnlistedDecisions(run.store, elsewhere, { limit: 3 })).items).toEqual([]);
  });
});

/** A gap and denials that were counted together, as they may stand in a batch. */
function unlisted(seq: number): [DecisionGap, DecisionDenials] {
  const nowMs = 1_800_000_000_000;
  const by = { governor: 'g1', boot: `b${seq}` };
  return [
    {
      ...by,
      kind: 'gap',
      n: 1,
      previousBoot: 'b0',
      lastRecorded: 5,
      mayBeMissing: 1000,
      nowMs,
    },
    {
      ...by,
      kind: 'denials',
      n: 2,
      decisionId: `denials-${seq}`,
      keyId: 'k0operator',
      fromMs: nowMs,
      untilMs: nowMs + 1000,
      count: 40,
      codes: { NO_GRANT: 40 },
      examples: [{ agentId: 'worker-1', action: 'read_file', resource: 'dataset:sales' }],
    },
  ];
}

function decisionOf(n: number): DecisionRecord {
  const denied = n % 3 === 0;
  return {
    kind: 'decision',
    governor: 'g1',
    boot: 'b1',
    n,
    decisionId: `decision-${n}`,
    inputs: {
      tenant: 'default',
      key: { keyId: 'k0operator', status: 'active', speaksForAgent: true },
      request: {
        agentId: 'worker-1',
        action: 'read_file',
        resource: { type: 'dataset', id: 'sales' },
        context: {},
      },
      unusable: [],
      agent: null,
      grants: [],
      missed: [],
      trust: null,
      policies: { version: null, digest: 'sha256:none' },
      engine: { name: 'cedar', version: '4.13.0' },
      nowMs: 1_800_000_000_000,
      seq: 7,
    },
    outcome: denied ? 'deny' : 'allow',
    code: denied ? 'NO_GRANT' : null,
    reasons: [],
    determining: [],
    ...(n % 5 === 1 && { wouldDeny: ['watched'] }),
    obligations: [],
    ignored: [],
    durability: 'buffered',
  };
}
