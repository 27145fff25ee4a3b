/** Brings a test's database up to this release. */
import { migrate, openStore } from '@writ/readmodels';

export async function migrated(url: string): Promise<void> {
  const readModels = openStore(url, { max: 1 });
  await migrate(readModels).finally(() => readModels.close());
}
