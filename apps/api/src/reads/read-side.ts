/** The read models as the routes use them. */
export type ReadSide = {
  /** How many events each projection is behind a sequence of the log. */
  lags(lastSeq: number): Promise<ReadonlyMap<string, number>>;
};
