/** Global setup of a test run: one Postgres for all test files; what they made in it is gone when the run ends. */
import type { TestProject } from 'vitest/node';
import { testBackend } from './backend.ts';
import { dropTemplates, startTestPostgres } from './postgres.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { databaseUrl } = testBackend();
  if (databaseUrl !== undefined) {
    // Those of an earlier run may have other tables.
    await dropTemplates(databaseUrl);
    project.provide('writPostgresUrl', databaseUrl);
    return () => dropTemplates(databaseUrl);
  }
  const server = await startTestPostgres();
  project.provide('writPostgresUrl', server.url);
  return () => server.stop();
}
