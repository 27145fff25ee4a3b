import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveDamage } from './archive-damage.ts';
import type { ArchivedMessage } from './format.ts';
import { checkArchive, messagesOf, readArchive } from './read-archive.ts';
import { createArchive, type HeaderFields } from './write-archive.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writ-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fields: HeaderFields = {
  kind: 'tenant',
  cell: 'c0123abcd',
  tenant: 'default',
  streams: [{ name: 'EVENTS-1', created: '2027-01-04T09:00:00Z', firstSeq: 1, lastSeq: 90 }],
  fromSeq: 1,
  toSeq: 90,
  pepper: null,
  takenAt: '2027-01-04T10:00:00.000Z',
  writ: '0.1.0',
};

function message(
  seq: number,
  body: Uint8Array = Buffer.from(`{"nr":${seq},"text":"größer\\n"}`),
): ArchivedMessage {
  return {
    seq,
    subject: `writ.default.evt.registry.agent._.worker-${seq % 3}`,
    storedAt: '2027-01-04T09:30:00.123456789Z',
    messageId: seq % 2 === 0 ? `default/_/worker/${seq}` : null,
    headers: [
      ['ce-id', `id-${seq}`],
      ['Writ-Fingerprint', 'ÿ\u0001'],
      ['ce-id', 'twice'],
    ],
    body,
  };
}

const messages = Array.from({ length: 30 }, (_, i) => message(3 * (i + 1)));

async function write(all: readonly ArchivedMessage[], name = 'a.writ'): Promise<string> {
  const path = join(folder, name);
  const archive = await createArchive(path, fields);
  await archive.add(all);
  await archive.finish();
  return path;
}

/** The archive with its lines changed, packed again. */
async function altered(
  path: string,
  change: (lines: string[]) => readonly string[],
): Promise<string> {
  const lines = zstdDecompressSync(await readFile(path))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  await writeFile(path, zstdCompressSync(`${change(lines).join('\n')}\n`));
  return path;
}

async function damageOf(path: string): Promise<ArchiveDamage> {
  const thrown: unknown = await checkArchive(path).catch((error: unknown) => error);
  if (thrown instanceof ArchiveDamage) return thrown;
  throw new Error('it was found whole', { cause: thrown });
}

function swap(lines: string[], a: number, b: number): string[] {
  const copy = [...lines];
  [copy[a], copy[b]] = [lines[b] ?? '', lines[a] ?? ''];
  return copy;
}

describe('an archive', () => {
  test('gives back every byte, header and sequence in its order', async () => {
    const odd = [
      message(1, new Uint8Array()),
      message(2, Buffer.from([0xff, 0xfe, 0x00, 0x80])),
      message(7, Buffer.from('\uFEFF{"a":1}', 'utf8')),
      message(8, Buffer.from('","chain":"00000000000000000000000000000000"}\n')),
    ];
    const path = await write(odd);
    const read: ArchivedMessage[] = [];
    for await (const page of messagesOf(path)) read.push(...page);
    expect(read.map((one) => ({ ...one, body: [...one.body] }))).toEqual(
      odd.map((one) => ({ ...one, body: [...one.body] })),
    );
  });

  test('gives back any message whatever its bytes', async () => {
    const anyMessage = fc.record({
      subject: fc.string({ minLength: 1 }),
      storedAt: fc.option(fc.string()),
      messageId: fc.option(fc.string()),
      headers: fc.array(fc.tuple(fc.string(), fc.string())),
      body: fc.uint8Array({ maxLength: 200 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 8 }), async (parts) => {
        const all = parts.map((part, i) => ({ ...part, seq: i + 1 }));
        const path = await write(all, `any-${run++}.writ`);
        const read: ArchivedMessage[] = [];
        for await (const page of messagesOf(path)) read.push(...page);
        expect(read.map((one) => ({ ...one, body: [...one.body] }))).toEqual(
          all.map((one) => ({ ...one, body: [...one.body] })),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('says how many it holds, from where to where, and under which checksum', async () => {
    const path = join(folder, 'a.writ');
    const archive = await createArchive(path, fields);
    await archive.add(messages.slice(0, 10));
    await archive.add(messages.slice(10));
    const written = await archive.finish();
    const { header, end } = await checkArchive(path);
    expect(header).toMatchObject(fields);
    expect(end).toEqual({ end: true, count: 30, firstSeq: 3, lastSeq: 90, sha256: written.sha256 });
    expect(written.bytes).toBe((await stat(path)).size);
  });

  test('without messages is whole too', async () => {
    const { end } = await checkArchive(await write([]));
    expect(end).toMatchObject({ count: 0, firstSeq: null, lastSeq: null });
  });

  test('can be read by its owner only, and has its name only when it is whole', async () => {
    const path = join(folder, 'a.writ');
    const archive = await createArchive(path, fields);
    await archive.add(messages);
    expect(await readdir(folder)).not.toContain('a.writ');
    await archive.finish();
    expect(await readdir(folder)).toEqual(['a.writ']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('that is given up leaves nothing behind', async () => {
    const archive = await createArchive(join(folder, 'a.writ'), fields);
    await archive.add(messages);
    await archive.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes messages in the order of their sequences only', async () => {
    const archive = await createArchive(join(folder, 'a.writ'), fields);
    await expect(archive.add([message(2), message(2)])).rejects.toThrow('comes after');
    await archive.discard();
  });
});

describe('damage is found and its line named', () => {
  test('a changed byte in a line', async () => {
    const path = await altered(await write(messages), (lines) =>
      lines.map((line, i) => (i === 7 ? line.replace('"nr', '"mr').replace('nr', 'mr') : line)),
    );
    const { line, message: said } = await damageOf(path);
    expect(line).toBe(8);
    expect(said).toContain('message 7 is not as it was written');
  });

  test('a line that is missing', async () => {
    const path = await altered(await write(messages), (lines) => lines.toSpliced(12, 1));
    const { line, message: said } = await damageOf(path);
    expect([line, said]).toEqual([13, expect.stringContaining('message 12 is missing')]);
  });

  test('two lines that changed places', async () => {
    const path = await altered(await write(messages), (lines) => swap(lines, 5, 6));
    const { line, message: said } = await damageOf(path);
    expect([line, said]).toEqual([
      6,
      expect.stringContaining('messages 5 and 6 are not in their order'),
    ]);
  });

  test('a line that is there twice', async () => {
    const path = await altered(await write(messages), (lines) =>
      lines.toSpliced(5, 0, lines[4] ?? ''),
    );
    const { line, message: said } = await damageOf(path);
    expect([line, said]).toEqual([6, expect.stringContaining('message 4 again')]);
  });

  test('lines missing at the end', async () => {
    const path = await altered(await write(messages), (lines) => lines.toSpliced(-4, 3));
    const { line, message: said } = await damageOf(path);
    expect([line, said]).toEqual([29, expect.stringContaining('messages 28 to 30 are missing')]);
  });

  test('the last line missing', async () => {
    const path = await altered(await write(messages), (lines) => lines.slice(0, -1));
    const { line, message: said } = await damageOf(path);
    expect([line, said]).toEqual([32, expect.stringContaining('cut off')]);
  });

  test('something after the last line', async () => {
    const path = await altered(await write(messages), (lines) => [...lines, lines[3] ?? '']);
    expect((await damageOf(path)).line).toBe(33);
  });

  test('a first line that is changed', async () => {
    const path = await altered(await write(messages), ([first = '', ...rest]) => [
      first.replace('"default"', '"acme"'),
      ...rest,
    ]);
    expect(await damageOf(path)).toMatchObject({ line: 1 });
  });

  test('a line of another archive, though it is whole in itself', async () => {
    const other = await write(
      messages.map((one) => ({ ...one, storedAt: null })),
      'b.writ',
    );
    const foreign =
      zstdDecompressSync(await readFile(other))
        .toString('utf8')
        .split('\n')[9] ?? '';
    const path = await altered(await write(messages), (lines) => lines.toSpliced(9, 1, foreign));
    expect((await damageOf(path)).line).toBe(10);
  });

  test('any changed character of any line, at that line', async () => {
    const path = await write(messages.slice(0, 5));
    const text = zstdDecompressSync(await readFile(path)).toString('utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), async (at) => {
        if (text[at] === '\n') return;
        const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
        await writeFile(path, zstdCompressSync(changed));
        expect((await damageOf(path)).line).toBe(text.slice(0, at).split('\n').length);
      }),
      { numRuns: 200 },
    );
  });

  test('any changed byte of the file', async () => {
    const path = await write(messages);
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      await writeFile(path, changed);
      const whole = await checkArchive(path).then(
        () => true,
        (error: unknown) => (error instanceof ArchiveDamage ? false : Promise.reject(error)),
      );
      // A changed byte of the frame's own checksum or of its parameters may still unpack to every right line.
      if (whole) expect((await messagesIn(path)).length).toBe(30);
    }
  });

  test('a file that is cut off anywhere', async () => {
    const path = await write(messages);
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length += 11) {
      await writeFile(path, bytes.subarray(0, length));
      const found = await checkArchive(path).catch((error: unknown) => error);
      if (found instanceof ArchiveDamage) expect(found.message).toMatch(/cut off|empty/);
      // Every line was there and right: only the frame's own end is missing.
      else expect(length).toBeGreaterThan(bytes.length - 32);
    }
  });

  test('a file that is no archive at all', async () => {
    const path = join(folder, 'a.writ');
    await writeFile(path, 'hello, this is some text\n');
    expect(await damageOf(path)).toMatchObject({ line: 1 });
    await writeFile(path, zstdCompressSync('{"format":"other"}\n'));
    expect(await damageOf(path)).toMatchObject({ line: 1 });
  });

  test('only after everything before it was given out', async () => {
    const path = await altered(await write(messages), (lines) => lines.toSpliced(12, 1));
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const content of readArchive(path))
          if (content.kind === 'messages') seen.push(...content.messages.map(({ seq }) => seq));
      })(),
    ).rejects.toThrow(ArchiveDamage);
    expect(seen).toEqual(messages.slice(0, 11).map(({ seq }) => seq));
  });
});

async function messagesIn(path: string): Promise<readonly ArchivedMessage[]> {
  const all: ArchivedMessage[] = [];
  for await (const page of messagesOf(path)) all.push(...page);
  return all;
}

test('unpacks with any zstd, to one JSON object in each line', async () => {
  const text = zstdDecompressSync(await readFile(await write(messages)), {
    params: { [constants.ZSTD_d_windowLogMax]: 27 },
  }).toString('utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(32);
  expect(lines[0]).toMatchObject({ format: 'writ-archive', version: 1 });
  expect(lines[1]).toMatchObject({ n: 1, seq: 3, body: '{"nr":3,"text":"größer\\n"}' });
});
