export * from './backend.ts';
export * from './nats.ts';
export * from './eventually.ts';
export * from './tcp-proxy.ts';
export * from './postgres.ts';
export * from './event-run.ts';
export * from './platform.ts';
export * from './append-run.ts';
