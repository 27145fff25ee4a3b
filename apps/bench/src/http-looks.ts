/** What can be seen of a read model over HTTP: what is newest, how much there is, and up to where it stands. */
import { decodeToken } from '@writ/contracts';
import type { Seen } from './steady-reader.ts';

export type Reading = {
  readonly httpUrl: string;
  readonly apiKey: string;
  readonly cell: string;
  /** Whose executions and trust are counted. */
  readonly agentId: string;
  /** Executions of the agent that are asked for, at most 500. */
  readonly rows: number;
};

/** One look at executions and trust. */
export async function lookOverHttp(reading: Reading): Promise<Seen> {
  const agent = `/v1/agents/${encodeURIComponent(reading.agentId)}`;
  const [newest, own, trust] = await Promise.all([
    get<{ items: readonly { seq: number }[] }>(reading, '/v1/executions?limit=1'),
    get<{ items: readonly { seq: number }[] }>(
      reading,
      `${agent}/executions?limit=${reading.rows}`,
    ),
    get<{ factCount: number }>(reading, `${agent}/trust`),
  ]);
  return {
    'the newest execution': newest.body.items[0]?.seq ?? 0,
    'the token of executions': newest.seq,
    'executions of an agent': own.body.items.length,
    'the newest execution of an agent': own.body.items[0]?.seq ?? 0,
    'facts of trust': trust.body.factCount,
    'the token of trust': trust.seq,
  };
}

async function get<T>(
  { httpUrl, apiKey, cell }: Reading,
  path: string,
): Promise<{ readonly body: T; readonly seq: number }> {
  const reply = await fetch(`${httpUrl}${path}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${path} was answered with ${reply.status}: ${text}`);
  const token = reply.headers.get('writ-token') ?? '';
  return { body: JSON.parse(text) as T, seq: decodeToken(token, cell).seq };
}
