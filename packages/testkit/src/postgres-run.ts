/** Global setup of a test run: one Postgres for all test files, gone when the run ends. */
import type { TestProject } from 'vitest/node';
import { startTestPostgres } from './postgres.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres();
  project.provide('writPostgresUrl', server.url);
  return () => server.stop();
}
