/** Patterns of actions and resources: exact, or a prefix where they end in `*`. */

const STAR = 42;

/** True when the pattern covers the name. */
export function covers(pattern: string, name: string): boolean {
  const last = pattern.length - 1;
  if (pattern.charCodeAt(last) !== STAR) return pattern === name;
  // Compared where they are: this is done for every grant of every question.
  for (let i = 0; i < last; i++) if (pattern.charCodeAt(i) !== name.charCodeAt(i)) return false;
  return true;
}

/** True when one of the patterns covers the name. */
export function coversAny(patterns: readonly string[], name: string): boolean {
  for (const pattern of patterns) if (covers(pattern, name)) return true;
  return false;
}

/** True when every name that `narrow` covers is covered by `wide` too. */
export function coversPattern(wide: string, narrow: string): boolean {
  if (wide.charCodeAt(wide.length - 1) !== STAR) return wide === narrow;
  // A name with the prefix of `narrow` has that of `wide` only where the one begins with the other.
  const prefix = wide.slice(0, -1);
  return (narrow.endsWith('*') ? narrow.slice(0, -1) : narrow).startsWith(prefix);
}
