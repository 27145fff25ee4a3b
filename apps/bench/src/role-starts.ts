/** How long a role takes from the start of its process until it is where it should be, and what it then holds. */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { treeMemoryMb } from './machine.ts';
import type { Stage } from './stage.ts';

export type Start = { readonly elapsedMs: number; readonly memoryMb: number };

/** A role in a process of its own, until it says that it is ready. */
export async function startRole(stage: Stage, role: string): Promise<Start> {
  const began = performance.now();
  const running = await stage.run(role);
  const elapsedMs = performance.now() - began;
  const memoryMb = await treeMemoryMb(running.pid);
  await running.stop();
  return { elapsedMs, memoryMb };
}

/** A projector with empty tables, until every position is at the end of the log. */
export async function fillTables(stage: Stage, lastSeq: number): Promise<Start> {
  const client = new pg.Client({ connectionString: stage.databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'kysely%' and table_name <> 'trust_models'",
    );
    await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    const began = performance.now();
    const projector = await stage.run('projector');
    for (;;) {
      const { rows } = await client.query<{ seq: string }>(
        "select coalesce(min(seq), 0) as seq from projection_positions where source = 'EVENTS'",
      );
      if (Number(rows[0]?.seq ?? 0) >= lastSeq) break;
      await wait(20);
    }
    const elapsedMs = performance.now() - began;
    const memoryMb = await treeMemoryMb(projector.pid);
    await projector.stop();
    return { elapsedMs, memoryMb };
  } finally {
    await client.end();
  }
}
