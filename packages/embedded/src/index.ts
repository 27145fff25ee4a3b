export { lockDataDirectory, removeDataDirectory, type DataDirectory } from './data-directory.ts';
export { EmbeddedError, type EmbeddedErrorCode } from './embedded-error.ts';
export { natsProgram } from './nats-binary.ts';
export { startNatsCluster, type NatsCluster, type NatsClusterOptions } from './nats-cluster.ts';
export { startNats, type EmbeddedNats, type NatsOptions, type NatsPlace } from './nats.ts';
export { postgresPrograms } from './postgres-binary.ts';
export { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './postgres.ts';
export { reapServers } from './run-record.ts';
