import { describe, expect, test } from 'vitest';
import type { Semantic } from '../question/read-questions.ts';
import { askAll } from './ask-all.ts';

/** Asks items that say themselves whether they are allowed, at once or after a while. */
async function answersOf(semantic: Semantic, items: readonly string[]): Promise<readonly string[]> {
  const options = { atLeast: undefined, record: undefined, waitForApprovalMs: 0 };
  const body = await new Promise<string>((reply) => {
    askAll(
      { kind: 'batch', semantic, options, items: items.map((item) => ({ item })) },
      (asked, settle) => {
        const { item } = asked as { item: string };
        const [verdict, when] = item.split(' ');
        const answer = (): boolean => {
          settle(JSON.stringify(item));
          return verdict === 'yes';
        };
        return when === 'later' ? Promise.resolve().then(answer) : answer();
      },
      reply,
    );
  });
  return (JSON.parse(body) as { evaluations: string[] }).evaluations;
}

describe('a batch', () => {
  test.each([
    ['execute_all', ['no later', 'yes', 'no', 'yes later'], 4],
    ['deny_on_first_deny', ['yes', 'yes later', 'no later', 'yes'], 3],
    ['deny_on_first_deny', ['yes later', 'no', 'yes later'], 2],
    ['deny_on_first_deny', ['yes later', 'yes', 'yes later'], 3],
    ['permit_on_first_permit', ['no', 'no later', 'yes later', 'no'], 3],
    ['permit_on_first_permit', ['yes later', 'no'], 1],
    ['permit_on_first_permit', ['no later', 'no later'], 2],
  ] as const)('`%s` of %j asks %i of them, in order', async (semantic, items, asked) => {
    expect(await answersOf(semantic, items)).toEqual(items.slice(0, asked));
  });
});
