/** The fleet's API keys: each secret is shown once, so they are kept for the next run, for the owner's eyes only. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export type KeyFile = {
  get(agentId: string): string | undefined;
  set(agentId: string, apiKey: string): Promise<void>;
};

/** Opens the file; one that is missing or unreadable counts as empty, since new keys can always be made. */
export async function openKeyFile(path: string): Promise<KeyFile> {
  const keys = new Map(Object.entries(await readKeys(path)));
  return {
    get: (agentId) => keys.get(agentId),
    async set(agentId, apiKey) {
      keys.set(agentId, apiKey);
      await mkdir(dirname(path), { recursive: true });
      const beside = `${path}.new`;
      await writeFile(beside, `${JSON.stringify(Object.fromEntries(keys), undefined, 2)}\n`, {
        mode: 0o600,
      });
      await chmod(beside, 0o600);
      await rename(beside, path);
    },
  };
}

async function readKeys(path: string): Promise<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    );
  } catch {
    return {};
  }
}
