/** A look at something that is taken at most so often, and once for all who ask at the same time. */
export function kept<T>(
  look: () => Promise<T>,
  { forMs, nowMs }: { readonly forMs: number; readonly nowMs: () => number },
): () => Promise<T> {
  let found: { readonly value: T; readonly atMs: number } | undefined;
  let looking: Promise<T> | undefined;
  const lookNow = async (): Promise<T> => {
    const value = await look();
    found = { value, atMs: nowMs() };
    return value;
  };
  return () => {
    if (found !== undefined && nowMs() - found.atMs < forMs) return Promise.resolve(found.value);
    looking ??= lookNow().finally(() => {
      looking = undefined;
    });
    return looking;
  };
}
