/** Values as people read them. */

export function shortTime(iso: string | null | undefined): string {
  if (iso === null || iso === undefined) return '';
  const time = new Date(iso);
  return Number.isNaN(time.getTime())
    ? iso
    : `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

export function list(values: readonly string[] | null | undefined): string {
  return values === null || values === undefined || values.length === 0 ? '' : values.join(', ');
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  return value < 10_000 ? `${value} ms` : `${(value / 1000).toFixed(1)} s`;
}

const RELATIVE = /^(\d{1,6})(s|m|h|d)$/;
const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `10m`, `2h`, `1d` before now, or an RFC 3339 time; `undefined` for anything else. */
export function parseTime(text: string, nowMs: number): string | undefined {
  const relative = RELATIVE.exec(text);
  if (relative) {
    const unit = relative[2] as keyof typeof unitMs;
    return new Date(nowMs - Number(relative[1]) * unitMs[unit]).toISOString();
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
