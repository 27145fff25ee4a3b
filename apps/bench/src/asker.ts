/** Asks for as little processor time as there can be: one inbox for all questions, and no timer for each. */
import { inboxPrefixOf, type NatsConnection } from '@writ/bus';

/** Longer than any answer takes that is still to come. */
export const LOST_MS = 5000;

type Question = {
  readonly sentMs: number;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
};

export type Ask = (subject: string, body: string) => Promise<Uint8Array>;

export function openAsker(connection: NatsConnection): Ask {
  const inbox = `${inboxPrefixOf(connection)}.bench`;
  const open = new Map<string, Question>();
  let asked = 0;
  const take = (reply: string): Question | undefined => {
    const question = open.get(reply);
    open.delete(reply);
    return question;
  };
  connection.subscribe(`${inbox}.*`, {
    callback: (_error, { subject, data }) => take(subject)?.resolve(data),
  });
  const lose = (): void => {
    const [[reply, { sentMs }] = ['', { sentMs: Infinity }]] = open;
    if (performance.now() - sentMs > LOST_MS)
      take(reply)?.reject(new Error(`no answer came in ${LOST_MS} ms`));
  };
  setInterval(lose, LOST_MS / 10).unref();
  return (subject, body) => {
    const reply = `${inbox}.${asked++}`;
    return new Promise((resolve, reject) => {
      open.set(reply, { sentMs: performance.now(), resolve, reject });
      connection.publish(subject, body, { reply });
    });
  };
}
