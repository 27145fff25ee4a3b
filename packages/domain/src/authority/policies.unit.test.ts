import { describe, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type PoliciesCommand, policies } from './policies.ts';

const set = {
  engine: 'cedar',
  policies: { freeze: 'forbid (principal, action, resource);' },
  digest: 'sha256:a',
  note: null,
} as const;
const publish: PoliciesCommand = { type: 'PublishPolicies', ...set };
const published = (version: string) =>
  ({ type: 'PoliciesPublished', data: { version, ...set } }) as const;
const activated = (version: string, superseded: string | null) =>
  ({ type: 'PoliciesActivated', data: { version, digest: set.digest, superseded } }) as const;
const activate = (version: string): PoliciesCommand => ({ type: 'ActivatePolicies', version });
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
});
