/** Faults of ours that nothing caught: they end the process in order, never silently. */

/** Calls `report` for each until the returned function is called. */
export function listenForFaults(report: (error: unknown) => void): () => void {
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
  return () => {
    process.off('uncaughtException', report);
    process.off('unhandledRejection', report);
  };
}
