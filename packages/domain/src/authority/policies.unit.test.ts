import { describe, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type CheckPolicies, type PoliciesCommand, policies } from './policies.ts';

const set = {
  engine: 'cedar',
  policies: { freeze: 'forbid (principal, action, resource);' },
  digest: 'sha256:a',
  note: null,
} as const;
const mistake = { policyId: 'freeze', message: 'is wrong', line: 1, column: 2 };
const valid: CheckPolicies = () => [];
const invalid: CheckPolicies = () => [mistake];
const publish: PoliciesCommand = { type: 'PublishPolicies', ...set, check: valid };
const published = (version: string) =>
  ({ type: 'PoliciesPublished', data: { version, ...set } }) as const;
const activated = (version: string, superseded: string | null) =>
  ({ type: 'PoliciesActivated', data: { version, digest: set.digest, superseded } }) as const;
const activate = (version: string, check = valid): PoliciesCommand => ({
  type: 'ActivatePolicies',
  version,
  check,
});
const rollBack = (version: string | null, check = valid): PoliciesCommand => ({
  type: 'RollBackPolicies',
  version,
  reason: 'too strict',
  check,
});
const rolledBack = (version: string, superseded: string) =>
  ({
    type: 'PoliciesRolledBack',
    data: { version, digest: set.digest, superseded, reason: 'too strict' },
  }) as const;
const declared = { engine: 'cedar', digest: 'sha256:s', note: null } as const;
const declare = (schema: string | null, check = valid): PoliciesCommand => ({
  type: 'PublishSchema',
  ...declared,
  schema,
  check,
});
const schemaPublished = (version: string, schema: string | null) =>
  ({ type: 'SchemaPublished', data: { version, ...declared, schema } }) as const;
const the = specify(policies);

describe('the policies of a tenant', () => {
  test('are numbered as they are published', () => {
    the.given().when(publish).then(published('1'));
    the.given(published('1')).when(publish).then(published('2'));
  });

  test('are active one version at a time', () => {
    the.given(published('1')).when(activate('1')).then(activated('1', null));
    the
      .given(published('1'), published('2'), activated('1', null))
      .when(activate('2'))
      .then(activated('2', '1'));
  });

  test('that are active already are not activated again', () => {
    the.given(published('1'), activated('1', null)).when(activate('1')).then();
  });

  test('that were never published can not be activated', () => {
    the.given(published('1')).when(activate('2')).thenThrows('POLICY_VERSION_UNKNOWN');
  });

  test('that are not valid can not be published', () => {
    the
      .given()
      .when({ ...publish, check: invalid })
      .thenThrows('POLICY_INVALID');
  });
});

describe('going back', () => {
  const three = [
    ...['1', '2', '3'].map(published),
    activated('1', null),
    activated('2', '1'),
    activated('3', '2'),
  ];

  test('leads to the version that was active before, and from there to the one before that', () => {
    the
      .given(...three)
      .when(rollBack(null))
      .then(rolledBack('2', '3'));
    the
      .given(...three, rolledBack('2', '3'))
      .when(rollBack(null))
      .then(rolledBack('1', '2'));
  });

  test('leads to any version that was active before', () => {
    the
      .given(...three)
      .when(rollBack('1'))
      .then(rolledBack('1', '3'));
    the
      .given(...three, rolledBack('1', '3'))
      .when(rollBack(null))
      .thenThrows('POLICY_ROLLBACK_IMPOSSIBLE');
  });

  test('to the version that is active changes nothing', () => {
    the
      .given(...three)
      .when(rollBack('3'))
      .then();
  });

  test('is refused where nothing was active before, or not that version', () => {
    the.given().when(rollBack(null)).thenThrows('POLICY_ROLLBACK_IMPOSSIBLE');
    const [first] = three;
    if (first)
      the
        .given(first, activated('1', null), published('2'))
        .when(rollBack('2'))
        .thenThrows('POLICY_ROLLBACK_IMPOSSIBLE');
  });
});

describe('a schema', () => {
  test('is numbered as it is published, and not published twice in a row', () => {
    the.given().when(declare('a')).then(schemaPublished('1', 'a'));
    the.given(schemaPublished('1', 'a')).when(declare('b')).then(schemaPublished('2', 'b'));
    the.given(schemaPublished('1', 'a')).when(declare('a')).then();
  });

  test('can be withdrawn', () => {
    the.given(schemaPublished('1', 'a')).when(declare(null)).then(schemaPublished('2', null));
    the.given().when(declare(null)).then();
  });

  test('is refused while the active policies are not valid by it', () => {
    the
      .given(published('1'), activated('1', null))
      .when(declare('a', invalid))
      .thenThrows('POLICY_INVALID');
    the.given(published('1')).when(declare('a', invalid)).then(schemaPublished('1', 'a'));
  });

  test('keeps policies that are not valid by it from becoming active', () => {
    const byA: CheckPolicies = (_policies, schema) => (schema === 'a' ? [mistake] : []);
    const older = [published('1'), published('2'), activated('1', null), activated('2', '1')];
    const under = [...older, schemaPublished('1', 'a')];
    the
      .given(...under)
      .when(activate('1', byA))
      .thenThrows('POLICY_INVALID');
    the
      .given(...under)
      .when(rollBack(null, byA))
      .thenThrows('POLICY_INVALID');
    the
      .given(...under)
      .when({ ...publish, check: byA })
      .thenThrows('POLICY_INVALID');
    the
      .given(...older)
      .when(activate('1', byA))
      .then(activated('1', '2'));
  });
});
