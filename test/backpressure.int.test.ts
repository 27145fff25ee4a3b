/** More than can be taken: what is refused is refused with the reason, and what was acknowledged is there, once. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  openDeadLetters,
  openRequester,
  type Requester,
  type StoredEvent,
  writeSecrets,
} from '@writ/bus';
import {
  commandReply,
  errorCatalogue,
  type ErrorCode,
  isRetryable,
  MAX_BODY_BYTES,
  subjects,
  type WritError,
} from '@writ/contracts';
import { applyStreams } from '@writ/streams';
import {
  eventually,
  freeze,
  spawnWrit,
  startTestBus,
  type TestBus,
  type TestDatabase,
  testDatabase,
  type WritProcess,
} from '@writ/testkit';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedKey } from '../apps/commander/src/seed-key.testkit.ts';
import { migrated } from './migrated.ts';

const KEY = 'adminkey00001';
const tenant = 'default';
const PATIENT = { withinMs: 60_000 };
const AT_ONCE = 10_000;
/** What a commander may take on top of what it has, whatever is thrown at it. */
const MOST_MIB = 384;

describe.each([1, 3] as const)('on %i node(s)', (nodes) => {
  let bus: TestBus;
  let database: TestDatabase;
  let commander: WritProcess;
  let requester: Requester;
  let operator: NatsConnection;

  beforeAll(async () => {
    [bus, database] = await Promise.all([
      startTestBus({ nodes }),
      testDatabase('migrated', migrated),
    ]);
    await seedKey(await bus.store(), { tenant, keyId: KEY, role: 'admin', agents: [] });
    const file = join(bus.dataDir, 'secrets.json');
    await writeSecrets(file, bus.secrets);
    const env = {
      WRIT_DATA_DIR: join(bus.dataDir, 'commander'),
      WRIT_NATS_CREDS: file,
      WRIT_NATS_URL: bus.url,
      WRIT_DATABASE_URL: database.url,
    };
    commander = spawnWrit(['run', 'commander'], { env });
    await eventually(() => commander.stderr().includes('ready: '), PATIENT);
    requester = openRequester(await bus.connect('api-store'));
    operator = await bus.connect('operator');
  });
  afterAll(async () => {
    commander?.kill('SIGTERM');
    await commander?.ended;
    await Promise.all([bus?.stop(), database?.drop()]);
  });

  /** `ok`, or the code that it was refused with. */
  async function register(agentId: string, more: object = {}): Promise<ErrorCode | 'ok'> {
    const subject = subjects.command({ tenant, key: KEY, verb: 'registry.register-agent' });
    const body = JSON.stringify({ agentId, name: 'x', type: 'x', version: '1.0.0', ...more });
    try {
      const reply = await requester.request({
        subject,
        body,
        headers: [['Writ-Idempotency-Key', agentId]],
        timeoutMs: 10_000,
      });
      const parsed = commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
      return parsed.ok ? 'ok' : (parsed.error.code as ErrorCode);
    } catch (error) {
      return (error as WritError).code;
    }
  }

  /** The first outcome that is one: what is in doubt on a busy machine is sent again, as the same command. */
  async function outcomeOf(agentId: string): Promise<ErrorCode | 'ok'> {
    return await eventually(async () => {
      const code = await register(agentId);
      if (code !== 'ok' && code !== 'LOG_FULL' && isRetryable(code))
        throw new Error(`\`${agentId}\` was refused with ${code}`);
      return code;
    }, PATIENT);
  }

  function limit(name: string, maxBytes: number): Promise<unknown> {
    const streams = bus.topology.streams.map((stream) =>
      stream.name === name ? { ...stream, max_bytes: maxBytes } : stream,
    );
    return eventually(() => applyStreams(operator, { ...bus.topology, streams }), PATIENT);
  }

  async function registered(prefix: string): Promise<string[]> {
    const store = await bus.store('api-store');
    const { lastSeq } = await store.status();
    const events: StoredEvent[] = [];
    while ((events.at(-1)?.seq ?? 0) < lastSeq)
      events.push(...(await store.read({ fromSeq: (events.at(-1)?.seq ?? 0) + 1, limit: 10_000 })));
    return events.flatMap((event) =>
      event.type === 'AgentRegistered' && event.data.agentId.startsWith(prefix)
        ? [event.data.agentId]
        : [],
    );
  }

  /** The most memory that the commander has had, in MiB. */
  async function peakMib(): Promise<number> {
    const status = await readFile(`/proc/${commander.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  test('of ten thousand commands at once all that fit are done, the others are refused at once and done when they are sent again', async () => {
    const before = await peakMib();
    const refused = new Map<ErrorCode, number>();
    const persist = async (agentId: string): Promise<void> => {
      for (let tries = 0; ; tries++) {
        const code = await register(agentId);
        if (code === 'ok') return;
        refused.set(code, (refused.get(code) ?? 0) + 1);
        // As the SDK does: later and later, each at a time of its own.
        await wait(Math.random() * Math.min(4000, 200 * 2 ** tries));
      }
    };
    const ids = Array.from({ length: AT_ONCE }, (_, n) => `crowd-${n}`);
    await Promise.all(ids.map(persist));
    const grown = (await peakMib()) - before;
    expect(refused.get('OVERLOADED')).toBeGreaterThan(0);
    // On a busy machine answers may also come too late, or a connection be given up: all of it may be tried again.
    for (const code of refused.keys()) expect(errorCatalogue[code].delivery).not.toBe('terminal');
    expect((await registered('crowd-')).sort()).toEqual(ids.toSorted());
    expect(grown).toBeLessThan(MOST_MIB);
  }, 180_000);

  test('a log that is full refuses with LOG_FULL, keeps what it acknowledged, and goes on when it has room', async () => {
    const info = await eventually(
      () => operator.request('$JS.API.STREAM.INFO.EVENTS-1', '', { timeout: 5000 }),
      PATIENT,
    );
    const { bytes } = info.json<{ state: { bytes: number } }>().state;
    await limit('EVENTS-1', bytes + 64 * 1024);
    const outcomes = new Map<string, string>();
    const codes = new Set<string>();
    for (let n = 0; !codes.has('LOG_FULL'); n++) {
      const code = await outcomeOf(`full-${n}`);
      outcomes.set(`full-${n}`, code);
      codes.add(code);
    }
    expect([...codes].sort()).toEqual(['LOG_FULL', 'ok']);
    const taken = [...outcomes].flatMap(([id, code]) => (code === 'ok' ? [id] : []));
    expect(await registered('full-')).toEqual(taken);
    await limit('EVENTS-1', bytes + 64 * 1024 * 1024);
    for (const [id, code] of outcomes) if (code !== 'ok') expect(await outcomeOf(id)).toBe('ok');
    expect(await registered('full-')).toEqual([...outcomes.keys()]);
  }, 180_000);

  test('an INBOX that is full refuses and drops nothing: what it took is done, each once', async () => {
    const subject = subjects.inbox({ tenant, key: KEY, verb: 'registry.register-agent' });
    const taken: string[] = [];
    await limit('INBOX', 64 * 1024);
    await freeze(commander.pid);
    try {
      for (let refused = false; !refused; ) {
        const agentId = `waiting-${taken.length}`;
        const body = JSON.stringify({ agentId, name: 'x', type: 'x', version: '1.0.0' });
        const answer = await operator.request(subject, body, { timeout: 15_000 });
        const { error } = answer.json<{ error?: { err_code: number } }>();
        refused = error !== undefined;
        if (refused) expect(error).toMatchObject({ err_code: 10077 });
        else taken.push(agentId);
      }
    } finally {
      process.kill(commander.pid, 'SIGCONT');
    }
    expect(taken.length).toBeGreaterThan(0);
    await eventually(async () => (await registered('waiting-')).length >= taken.length, PATIENT);
    expect((await registered('waiting-')).toSorted()).toEqual(taken.toSorted());
    await eventually(() => applyStreams(operator, bus.topology), PATIENT);
  });

  test('a message too large is refused by whoever meets it first, and stops nobody', async () => {
    const labels = (length: number) => ({ name: 'x'.repeat(length) });
    expect(await register('large', labels(MAX_BODY_BYTES))).toBe('BODY_TOO_LARGE');
    const subject = subjects.inbox({ tenant, key: KEY, verb: 'registry.register-agent' });
    const post = (length: number) =>
      eventually(async () => {
        const answer = await operator.request(subject, 'x'.repeat(length), { timeout: 5000 });
        return answer.json<{ seq?: number; error?: { err_code: number } }>();
      }, PATIENT);
    // More than INBOX takes: the broker says so at once.
    expect(await post(400 * 1024)).toMatchObject({ error: { err_code: 10054 } });
    // More than a command may have: it ends as a dead letter, and those behind it go on.
    const { seq } = await post(MAX_BODY_BYTES + 1);
    const shelf = openDeadLetters({ connection: operator, ingest: bus.secrets.ingest });
    await eventually(
      async () =>
        (await shelf.list({ tenant, limit: 10 })).some(
          ({ letter }) => letter.seq === seq && letter.code === 'BODY_TOO_LARGE',
        ),
      PATIENT,
    );
    expect(() => operator.publish(subject, 'x'.repeat(2 * 1024 * 1024))).toThrow(/payload/i);
    expect(await outcomeOf('large')).toBe('ok');
  });
});
