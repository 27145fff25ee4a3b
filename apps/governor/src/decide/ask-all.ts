import type { Questions } from '../question/read-questions.ts';

type Batch = Extract<Questions, { readonly kind: 'batch' }>;
type Reply = (body: string) => void;
/** Asks an item and says at once whether it is allowed; its answer comes when it is recorded. */
type AskItem = (item: unknown, settle: Reply) => boolean;

/** Asks the questions of a batch in order, as far as its semantic goes, and answers when all that were asked are answered. */
export function askAll({ items, semantic }: Batch, ask: AskItem, reply: Reply): void {
  const answers: string[] = [];
  let asked = 0;
  let answered = 0;
  let complete = false;
  const settled = (): void => {
    if (complete && answered === asked) reply(`{"evaluations":[${answers.join(',')}]}`);
  };
  for (const item of items) {
    const index = asked++;
    const allowed = ask(item, (body) => {
      answers[index] = body;
      answered += 1;
      settled();
    });
    if (
      semantic === 'deny_on_first_deny'
        ? !allowed
        : semantic === 'permit_on_first_permit' && allowed
    )
      break;
  }
  complete = true;
  settled();
}
