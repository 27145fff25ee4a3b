export * from './migrate.ts';
export * from './projection/apply.ts';
export * from './projection/positions.ts';
export * from './projection/projection.ts';
export * from './projections.ts';
export * from './store.ts';
