/** The stage: the operator's connection, one per agent, and where results are put. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Writ } from '@writ/sdk';
import { cast, type Role, roles } from './cast.ts';
import { type KeyFile, openKeyFile } from './key-file.ts';
import type { Printer } from './printer.ts';

export type Fleet = {
  /** The operator: grants, rates, publishes policies, stops agents. */
  readonly operator: Writ;
  readonly agents: Readonly<Record<Role, Writ>>;
  /** Directory of the results. */
  readonly workshop: string;
  readonly printer: Printer;
  /** What the events of this run have in common. */
  readonly run: { readonly correlationId: string; readonly startedAt: Date };
  /** Sequences of this run's events that the operator saw the moment they were stored. */
  readonly seen: ReadonlySet<number>;
  close(): Promise<void>;
};

export type Stage = {
  readonly natsUrl: string;
  readonly adminKey: string;
  readonly tenant: string;
  readonly dataDir: string;
  readonly printer: Printer;
};

/** Connects everybody; keys are those of the run before where they still open the bus. */
export async function assemble({
  natsUrl,
  adminKey,
  tenant,
  dataDir,
  printer,
}: Stage): Promise<Fleet> {
  const workshop = join(dataDir, 'demo');
  await mkdir(workshop, { recursive: true });
  const keys = await openKeyFile(join(workshop, 'keys.json'));
  const open: Writ[] = [];
  const run = { correlationId: `fleet-${randomUUID()}`, startedAt: new Date() };
  const connectAs = async (apiKey: string, name: string): Promise<Writ> => {
    const writ = await connect({
      url: natsUrl,
      apiKey,
      tenant,
      name,
      correlationId: run.correlationId,
    });
    open.push(writ);
    return writ;
  };
  try {
    const operator = await connectAs(adminKey, 'fleet operator');
    const seen = new Set<number>();
    await operator.onEvent(
      { correlationId: run.correlationId },
      (event) => void seen.add(event.seq),
    );
    const agents = {} as Record<Role, Writ>;
    for (const role of roles) agents[role] = await hire({ operator, keys, connectAs }, role);
    return { operator, agents, workshop, printer, run, seen, close: () => closeAll(open) };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
}

type Hiring = {
  readonly operator: Writ;
  readonly keys: KeyFile;
  readonly connectAs: (apiKey: string, name: string) => Promise<Writ>;
};

/** Connects an agent under its own key, which is made when there is none that opens the bus. */
async function hire({ operator, keys, connectAs }: Hiring, role: Role): Promise<Writ> {
  const { agentId } = cast[role];
  const kept = keys.get(agentId);
  if (kept !== undefined) {
    try {
      return await connectAs(kept, agentId);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'UNAUTHENTICATED'))
        throw error;
    }
  }
  const { result } = await operator.createKey({
    name: `key of ${agentId}`,
    role: 'agent',
    agents: [agentId],
  });
  // A retry that met its own first try has no secret to show; that key is of no use to anybody.
  if (result.key === undefined) {
    await operator.revokeKey(result.keyId, 'its secret was never seen');
    return hire({ operator, keys, connectAs }, role);
  }
  await keys.set(agentId, result.key);
  return connectAs(result.key, agentId);
}

async function closeAll(open: readonly Writ[]): Promise<void> {
  await Promise.allSettled(open.map((writ) => writ.close()));
}
