/** Brings the tables up to this release; safe to run from any number of processes at once. */
import { WritError } from '@writ/contracts';
import { DEFAULT_TRUST_MODEL, scoreSqlTables } from '@writ/domain';
import { type Migration, Migrator } from 'kysely/migration';
import * as operations from './migrations/0001-operations.ts';
import * as registry from './migrations/0002-registry.ts';
import * as authority from './migrations/0003-authority.ts';
import * as execution from './migrations/0004-execution.ts';
import * as trust from './migrations/0005-trust.ts';
import * as tenancy from './migrations/0006-tenancy.ts';
import * as deadLetterOutcomes from './migrations/0007-dead-letter-outcomes.ts';
import * as delegatedGrants from './migrations/0008-delegated-grants.ts';
import * as wouldDeny from './migrations/0009-would-deny.ts';
import * as decisionDenials from './migrations/0010-decision-denials.ts';
import * as killSwitches from './migrations/0011-kill-switches.ts';
import * as policySchemas from './migrations/0012-policy-schemas.ts';
import * as grantUses from './migrations/0014-grant-uses.ts';
import * as validations from './migrations/0015-validations.ts';
import * as trustModels from './migrations/0016-trust-models.ts';
import * as approvals from './migrations/0017-approvals.ts';
import * as unlistedNewest from './migrations/0018-unlisted-newest.ts';
import { isOutage, type Store } from './store.ts';

/** In order; one that was released is never edited. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-operations': operations,
  '0002-registry': registry,
  '0003-authority': authority,
  '0004-execution': execution,
  '0005-trust': trust,
  '0006-tenancy': tenancy,
  '0007-dead-letter-outcomes': deadLetterOutcomes,
  '0008-delegated-grants': delegatedGrants,
  '0009-would-deny': wouldDeny,
  '0010-decision-denials': decisionDenials,
  '0011-kill-switches': killSwitches,
  '0012-policy-schemas': policySchemas,
  '0014-grant-uses': grantUses,
  '0015-validations': validations,
  '0016-trust-models': trustModels,
  '0017-approvals': approvals,
  '0018-unlisted-newest': unlistedNewest,
};

/** Applies what is missing, under kysely's advisory lock; returns the names of what was applied. */
export async function migrate(store: Store): Promise<string[]> {
  const migrator = new Migrator({
    db: store.db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    if (isOutage(error))
      throw new WritError(
        'STORE_UNAVAILABLE',
        'the read models can not be reached now; try again later',
        { cause: error },
      );
    const failed = results?.find((result) => result.status === 'Error')?.migrationName;
    throw new WritError(
      'INTERNAL',
      `migration \`${failed ?? 'unknown'}\` failed: ${messageOf(error)}`,
      { cause: error },
    );
  }
  await publishTrustModel(store);
  return (results ?? [])
    .filter((result) => result.status === 'Success')
    .map((result) => result.migrationName);
}

/** The names of migrations that this release knows and the database has not. */
export async function pendingMigrations(store: Store): Promise<string[]> {
  const migrator = new Migrator({
    db: store.db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const known = await migrator.getMigrations();
  return known
    .filter((migration) => migration.executedAt === undefined)
    .map((migration) => migration.name);
}

async function publishTrustModel(store: Store): Promise<void> {
  const model = scoreSqlTables(DEFAULT_TRUST_MODEL);
  await store.pool.query(
    `insert into trust_models (version, good, bad, fraction_bits, prior_weight, prior_verified, prior_unverified, z)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (version) do nothing`,
    [
      model.version,
      model.good,
      model.bad,
      model.fractionBits,
      model.priorWeight,
      model.prior.verified,
      model.prior.unverified,
      model.z,
    ],
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
