/** E-mail addresses, telephone numbers, card and account numbers, found by OpenRedaction's patterns. */
import { OpenRedaction } from '@openredaction/core';
import type { Hit, Texts } from '../texts.ts';

/** Patterns with a check digit or a fixed form; names of people are not looked for: they can not be told from words. */
const patterns = [
  'EMAIL',
  'PHONE_US',
  'PHONE_UK',
  'PHONE_UK_MOBILE',
  'PHONE_INTERNATIONAL',
  'CREDIT_CARD',
  'IBAN',
  'SSN',
];

let scanner: OpenRedaction | undefined;

export async function findPersonalData(texts: Texts): Promise<Hit[]> {
  scanner ??= new OpenRedaction({
    patterns,
    enableContextAnalysis: false,
    enableFalsePositiveFilter: false,
    deterministic: true,
  });
  const { detections } = await scanner.detect(texts.joined);
  return detections.flatMap(({ type, position }) => texts.hitsOf(type, position));
}
