/** Kept histories: what commanders of released versions stored, headers and bodies as they were. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeEvent, type StoredEvent, type StoredMessage } from '@writ/bus';

type Line = {
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly body: string;
};

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Releases with a corpus. */
export function releases(): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The messages of a release's log, in order. */
export async function readMessages(release: string): Promise<StoredMessage[]> {
  const text = await readFile(`${folder}${release}/events.ndjson`, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const { body, ...message } = JSON.parse(line) as Line;
      return { ...message, data: Buffer.from(body, 'utf8') };
    });
}

/** The same as today's release reads them. */
export async function readCorpus(release: string): Promise<StoredEvent[]> {
  return (await readMessages(release)).map((message) => decodeEvent(message));
}

/** What the release's log must come to, whoever folds it. */
export async function readExpected(release: string): Promise<unknown> {
  return JSON.parse(await readFile(`${folder}${release}/expected.json`, 'utf8'));
}
