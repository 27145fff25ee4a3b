/** What an examination found. */

export type Finding = {
  readonly check: string;
  /** `skipped`: it does not apply; `unreachable`: what it looks at does not answer. */
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped' | 'unreachable' | 'repaired';
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
};

export type Examination = {
  readonly check: string;
  readonly run: () => Promise<readonly Finding[]> | readonly Finding[];
};

export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

export function failed(check: string, detail: string, remedy?: string): Finding {
  return { check, state: 'failed', detail, remedy };
}

export function warning(check: string, detail: string, remedy?: string): Finding {
  return { check, state: 'warning', detail, remedy };
}

export function skipped(check: string, detail: string): Finding {
  return { check, state: 'skipped', detail };
}

export function unreachable(check: string, detail: string): Finding {
  return { check, state: 'unreachable', detail };
}

export function repaired(check: string, detail: string): Finding {
  return { check, state: 'repaired', detail };
}
