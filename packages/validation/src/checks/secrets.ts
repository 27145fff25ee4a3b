/** Keys and tokens of known services, found by secretlint's recommended rules. */
import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';
import type { Hit, Texts } from '../texts.ts';

const id = '@secretlint/secretlint-rule-preset-recommend';
const options = { noPhysicFilePath: true, config: { rules: [{ id, rule: creator }] } };

export async function findSecrets(texts: Texts): Promise<Hit[]> {
  const { messages } = await lintSource({
    source: { content: texts.joined, filePath: 'result.txt', ext: '.txt', contentType: 'text' },
    options,
  });
  return messages.flatMap(({ messageId, range }) => texts.hitsOf(messageId, range));
}
