import { parseAskSubject, WritError } from '@writ/contracts';
import type { Asker } from './decide-question.ts';

const MAX_KNOWN = 4096;

/** Who asks, by the subject of the question: proven by the broker, which lets each key publish only its own. */
export class Askers {
  readonly #known = new Map<string, Asker>();

  of(subject: string): Asker {
    const known = this.#known.get(subject);
    if (known) return known;
    const address = parseAskSubject(subject);
    if (!address) {
      const form = '`writ.<tenant>.ask.<key>.<question>`';
      throw new WritError('BODY_INVALID', `the subject is not ${form}`);
    }
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const asker = { tenant: address.tenant, keyId: address.key };
    this.#known.set(subject, asker);
    return asker;
  }
}
