/** What an exported file holds, found out before anything of it is stored. */
import { checkArchive, type CheckedArchive } from '@writ/archive';
import { decodeRawMessage, type RawMessage } from '@writ/bus';
import { readingArchive, refused } from './archive-failure.ts';

export type InspectedExport = CheckedArchive & {
  readonly tenant: string;
  /** Subjects of the API keys in the file. */
  readonly keySubjects: ReadonlySet<string>;
  /** API keys that are not revoked. */
  readonly activeKeys: number;
};

/** Reads the whole file; fails when a line is damaged, or holds what this release can not store and read again. */
export async function inspectExport(path: string): Promise<InspectedExport> {
  const keys = new Map<string, boolean>();
  const prefixes = new Set<string>();
  const { header, end } = await readingArchive(path, () =>
    checkArchive(path, (messages) => {
      for (const message of messages) take(message, keys, prefixes);
    }),
  );
  const { tenant } = header;
  if (header.kind !== 'tenant' || tenant === null)
    throw refused(
      `\`${path}\` holds the stream \`${header.streams[0]?.name ?? ''}\` of a backup; use \`writ restore\` with its directory`,
    );
  if ([...prefixes].some((prefix) => prefix !== `writ.${tenant}.evt`))
    throw refused(
      `\`${path}\` says that it is of \`${tenant}\`, and holds events of another tenant`,
    );
  const activeKeys = [...keys.values()].filter((active) => active).length;
  return { header, end, tenant, keySubjects: new Set(keys.keys()), activeKeys };
}

/** Every event is decoded: what the roles of this release could not read must not enter their log. */
function take(message: RawMessage, keys: Map<string, boolean>, prefixes: Set<string>): void {
  const { type } = decodeRawMessage(message);
  prefixes.add(message.subject.split('.', 3).join('.'));
  if (type === 'KeyCreated') keys.set(message.subject, true);
  if (type === 'KeyRevoked') keys.set(message.subject, false);
}
