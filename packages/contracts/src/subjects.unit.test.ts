import { describe, expect, test } from 'vitest';
import {
  agentIdOfAddress,
  ingestSubject,
  parseAskSubject,
  parseCommandSubject,
  parseEventSubject,
  subjects,
} from './subjects.ts';

const address = { tenant: 'default', key: 'key0000001', verb: 'registry.register-agent' };

describe('a subject', () => {
  test('of a command is built and read token by token', () => {
    const subject = subjects.command(address);
    expect(subject).toBe('writ.default.cmd.key0000001.registry.register-agent');
    expect(parseCommandSubject(subject)).toEqual({ kind: 'cmd', ...address });
    expect(parseCommandSubject(subjects.inbox(address))).toEqual({ kind: 'inbox', ...address });
  });

  test('of a question is built and read', () => {
    const subject = subjects.ask('default', 'key0000001', 'permission');
    expect(parseAskSubject(subject)).toEqual({
      tenant: 'default',
      key: 'key0000001',
      question: 'permission',
    });
  });

  test('of an agent has two tokens for it, and says whose it is', () => {
    for (const agentId of ['chart', 'langgraph-v2:chart_generator']) {
      const parsed = parseEventSubject(subjects.facts('acme', agentId));
      expect(parsed).toMatchObject({ tenant: 'acme', context: 'execution', kind: 'facts' });
      expect(parsed && agentIdOfAddress(parsed)).toBe(agentId);
    }
  });

  test('that is to be stored goes behind the ingest prefix and nowhere else', () => {
    expect(ingestSubject('abc', subjects.policies('default'))).toBe(
      '_writ.abc.default.evt.authority.policies._',
    );
  });

  test.each(['a.b', '*', '>', '', 'A B', 'x'.repeat(64)])(
    'is never built from the tenant %j',
    (tenant) => {
      expect(() => subjects.command({ ...address, tenant })).toThrow(
        expect.objectContaining({ code: 'BODY_INVALID' }),
      );
    },
  );

  test.each(['a.b', '*', 'a:b:c', '', '_'])('is never built from the agent id %j', (agentId) => {
    expect(() => subjects.agent('default', agentId)).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID' }),
    );
  });

  test.each([
    'writ.default.cmd.key0000001.registry',
    'writ.default.cmd.key0000001.registry.register-agent.more',
    'writ.default.evt.registry.agent._.x',
    'writ.Default.cmd.key0000001.registry.register-agent',
    'writ.default.cmd.SHORT.registry.register-agent',
    '_writ.abc.default.cmd.key0000001.registry.register-agent',
  ])('%s is no command', (subject) => {
    expect(parseCommandSubject(subject)).toBeUndefined();
  });
});
