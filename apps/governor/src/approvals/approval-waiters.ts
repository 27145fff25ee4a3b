/** Questions that wait for a person, by the approval they wait for; woken as soon as the log says anything of it. */
import type { StoredEvent } from '@writ/bus';

type Waiter = () => void;

export class ApprovalWaiters {
  readonly #waiting = new Map<string, Set<Waiter>>();
  #closed = false;

  /** True from when the governor is about to stop: nothing waits any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when something was said of an approval, when the time is over, or when nothing waits any more. */
  wait(approvalId: string, ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(approvalId) ?? new Set();
      this.#waiting.set(approvalId, waiters);
      const wake = (): void => {
        clearTimeout(timer);
        waiters.delete(wake);
        if (waiters.size === 0) this.#waiting.delete(approvalId);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      waiters.add(wake);
    });
  }

  note(event: StoredEvent): void {
    switch (event.type) {
      case 'ApprovalDecided':
      case 'ApprovalUsed':
      case 'ApprovalExpired':
        this.#wake(event.data.approvalId);
        return;
      default:
        return;
    }
  }

  close(): void {
    this.#closed = true;
    for (const approvalId of [...this.#waiting.keys()]) this.#wake(approvalId);
  }

  #wake(approvalId: string): void {
    for (const wake of [...(this.#waiting.get(approvalId) ?? [])]) wake();
  }
}
