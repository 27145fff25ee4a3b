import type { Questions } from '../question/read-questions.ts';
import type { Allowed } from './desk.ts';

type Batch = Extract<Questions, { readonly kind: 'batch' }>;
type Reply = (body: string) => void;
/** Asks an item and says, as soon as it is known, whether it is allowed; its answer comes when it is recorded. */
type AskItem = (item: unknown, settle: Reply) => Allowed;

/** Asks the questions of a batch in order, as far as its semantic goes, and answers when all that were asked are answered. */
export function askAll({ items, semantic }: Batch, ask: AskItem, reply: Reply): void {
  const answers: string[] = [];
  let asked = 0;
  let answered = 0;
  let complete = false;
  const settled = (): void => {
    if (complete && answered === asked) reply(`{"evaluations":[${answers.join(',')}]}`);
  };
  const askNext = (): Allowed => {
    const index = asked++;
    return ask(items[index], (body) => {
      answers[index] = body;
      answered += 1;
      settled();
    });
  };
  const isLast = (allowed: boolean): boolean =>
    asked === items.length ||
    (semantic === 'deny_on_first_deny' && !allowed) ||
    (semantic === 'permit_on_first_permit' && allowed);
  const goOn = (): void => {
    for (let last = false; !last; ) {
      const allowed = askNext();
      if (semantic === 'execute_all') last = asked === items.length;
      else if (typeof allowed === 'boolean') last = isLast(allowed);
      // What comes next depends on an answer that is still being claimed.
      else return void allowed.then((known) => (isLast(known) ? end() : goOn()));
    }
    end();
  };
  const end = (): void => {
    complete = true;
    settled();
  };
  goOn();
}
