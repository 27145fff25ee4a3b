import { describe, expect, test } from 'vitest';
import { permissionsOfKey } from './key-permissions.ts';

const KEY = 'tester00001';
const agentKey = (...agents: string[]) =>
  permissionsOfKey({ tenant: 'acme', keyId: KEY, role: 'agent', agents });
const adminKey = permissionsOfKey({ tenant: 'acme', keyId: KEY, role: 'admin', agents: [] });

/** NATS' own matching of a subject against a permission. */
function covers(allowed: readonly string[], subject: string): boolean {
  return allowed.some((pattern) => {
    const p = pattern.split('.');
    const s = subject.split('.');
    return (
      p.every((token, i) =>
        token === '>' ? s.length > i : s[i] !== undefined && (token === '*' || token === s[i]),
      ) &&
      (p.at(-1) === '>' || p.length === s.length)
    );
  });
}

describe('an agent’s key', () => {
  const { pub, sub } = agentKey('fleet:worker', 'langgraph-v2:*', 'alone');

  test.each([
    `writ.acme.cmd.${KEY}.registry.register-agent`,
    `writ.acme.cmd.${KEY}.execution.report`,
    `writ.acme.inbox.${KEY}.trust.give-feedback`,
    `writ.acme.ask.${KEY}.permission`,
    `writ.acme.ask.${KEY}.events`,
    'writ.acme.tel.health.fleet.worker',
    'writ.acme.tel.health.fleet.worker.instance-1',
    'writ.acme.tel.errors.langgraph-v2.anything',
    'writ.acme.tel.metrics._.alone',
    'writ.acme.task.fleet.worker',
    '_INBOX.task.abc.1',
  ])('may publish to %s', (subject) => expect(covers(pub.allow, subject)).toBe(true));

  test.each([
    `writ.acme.cmd.${KEY}.authority.issue-grant`,
    `writ.acme.cmd.${KEY}.tenancy.create-key`,
    'writ.acme.cmd.another00001.execution.report',
    `writ.other.cmd.${KEY}.execution.report`,
    'writ.acme.ask.another00001.permission',
    'writ.acme.evt.registry.agent.fleet.worker',
    'writ.acme.dec.gov1',
    `writ.acme.gov.${KEY}.reserve-use`,
    'writ.acme.tel.health.fleet.other',
    'writ.acme.tel.control.fleet.worker',
    'writ.acme.task.fleet.other',
    `_INBOX.${KEY}.x`,
    '_INBOX.role.commander-store.x',
    '$SRV.PING',
    '$JS.API.INFO',
    '$SYS.REQ.USER.INFO',
    '_writ.secret.acme.evt.registry.agent.fleet.worker',
  ])('may not publish to %s', (subject) => expect(covers(pub.allow, subject)).toBe(false));

  test.each([
    `_INBOX.${KEY}.abc.1`,
    'writ.acme.task.fleet.worker',
    'writ.acme.tel.control.fleet.worker.instance-1',
    'writ.acme.evt.registry.agent.fleet.worker',
    'writ.acme.evt.authority.grants.langgraph-v2.any',
    'writ.acme.evt.execution.facts._.alone',
  ])('may read %s', (subject) => expect(covers(sub.allow, subject)).toBe(true));

  test.each([
    '_INBOX.another00001.abc',
    '_INBOX.task.abc',
    'writ.acme.evt.registry.agent.fleet.other',
    'writ.acme.evt.tenancy.key.another00001',
    'writ.acme.dec.gov1',
    'writ.other.evt.registry.agent.fleet.worker',
    `writ.acme.cmd.${KEY}.registry.register-agent`,
  ])('may not read %s', (subject) => expect(covers(sub.allow, subject)).toBe(false));

  test.each(['langgraph-v2:chart_*', 'fleet*'])(
    'with the pattern `%s`, which no subject can say, has no agent’s subjects at all',
    (pattern) => {
      const given = agentKey(pattern);
      const none = agentKey();
      expect(given).toEqual(none);
      expect(none.sub.allow).toEqual([`_INBOX.${KEY}.>`]);
    },
  );

  test('with the pattern `*` has every agent’s', () => {
    const every = agentKey('*');
    expect(covers(every.sub.allow, 'writ.acme.evt.registry.agent.any.body')).toBe(true);
    expect(covers(every.pub.allow, 'writ.acme.tel.health._.body')).toBe(true);
    expect(covers(every.pub.allow, 'writ.acme.evt.registry.agent.any.body')).toBe(false);
  });
});

describe('an admin’s key', () => {
  test.each([
    `writ.acme.cmd.${KEY}.tenancy.create-key`,
    `writ.acme.inbox.${KEY}.authority.issue-grant`,
    '$SRV.PING',
    'writ.acme.task.a.b',
  ])('may publish to %s', (subject) => expect(covers(adminKey.pub.allow, subject)).toBe(true));
  test.each([
    'writ.acme.cmd.another00001.a.b',
    'writ.acme.evt.a.b.c',
    'writ.acme.dec.g',
    `writ.acme.gov.${KEY}.reserve-use`,
    '$JS.API.INFO',
    `writ.other.cmd.${KEY}.a.b`,
    '_INBOX.x.y',
  ])('may not publish to %s', (subject) => expect(covers(adminKey.pub.allow, subject)).toBe(false));
  test('may read its tenant and any inbox, but those of the roles', () => {
    for (const subject of ['writ.acme.evt.a.b.c', 'writ.acme.dec.g', '_INBOX.anything.x'])
      expect(covers(adminKey.sub.allow, subject)).toBe(true);
    expect(covers(adminKey.sub.deny, '_INBOX.role.api-store.x')).toBe(true);
    expect(covers(adminKey.sub.allow, 'writ.other.evt.a.b.c')).toBe(false);
  });
});
