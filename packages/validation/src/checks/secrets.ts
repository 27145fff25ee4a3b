/** Keys and tokens of known services, found by secretlint's recommended rules. */
import { lintSource } from '@secretlint/core';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { Hit, Texts } from '../texts.ts';

/** Lets a comment in the text switch the rules off, and the text is what is doubted. */
const COMMENTS = '@secretlint/secretlint-rule-filter-comments';

const looking = rules.filter(({ meta }) => meta.id !== COMMENTS);
const options = {
  noPhysicFilePath: true,
  config: { rules: looking.map((rule) => ({ id: rule.meta.id, rule })) },
};

export async function findSecrets(texts: Texts): Promise<Hit[]> {
  const { messages } = await lintSource({
    source: { content: texts.joined, filePath: 'result.txt', ext: '.txt', contentType: 'text' },
    options,
  });
  return messages.flatMap(({ messageId, range }) => texts.hitsOf(messageId, range));
}
