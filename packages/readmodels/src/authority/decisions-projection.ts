/** Turns the batches of DECISIONS into rows. */
import type { DecisionBatch, DecisionDenials, DecisionGap, DecisionRecord } from '@writ/contracts';
import { momentAt } from '../projection/moment.ts';
import type { Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import {
  type DecisionDenialsRow,
  decisionDenialsTable,
  type DecisionGapRow,
  decisionGapsTable,
  type DecisionRow,
  decisionsTable,
} from './decisions.ts';

/** One message of DECISIONS. */
export type RecordedDecisions = {
  readonly seq: number;
  readonly tenant: string;
  readonly records: DecisionBatch;
};

export const decisionsProjection: Projection<RecordedDecisions> = {
  name: 'decisions',
  version: 1,
  source: 'DECISIONS',
  kinds: ['dec'],
  tables: [decisionsTable.name, decisionGapsTable.name, decisionDenialsTable.name],
  open() {
    const decisions = rowSet(decisionsTable);
    const gaps = rowSet(decisionGapsTable);
    const denials = rowSet(decisionDenialsTable);
    return {
      sets: [decisions, gaps, denials],
      need() {},
      apply({ tenant, seq, records }) {
        for (const [ordinal, record] of records.entries())
          if (record.kind === 'decision')
            decisions.put(decisionRow(record, { tenant, seq, ordinal }));
          else if (record.kind === 'gap') gaps.put(gapRow(record, { tenant, seq }));
          else if (record.kind === 'denials') denials.put(denialsRow(record, { tenant, seq }));
      },
    };
  },
};

function decisionRow(
  record: DecisionRecord,
  at: { readonly tenant: string; readonly seq: number; readonly ordinal: number },
): DecisionRow {
  const { inputs } = record;
  const { request } = inputs;
  return {
    tenant: at.tenant,
    decision_id: record.decisionId,
    agent_id: request.agentId,
    action: request.action,
    resource: `${request.resource.type}:${request.resource.id}`,
    outcome: record.outcome,
    code: record.code,
    reasons: record.reasons,
    policies: record.determining,
    obligations: record.obligations,
    ignored: record.ignored,
    would_deny: record.wouldDeny ?? [],
    trust: inputs.trust?.score ?? null,
    key_id: inputs.key.keyId,
    policy_version: inputs.policies.version,
    policy_digest: inputs.policies.digest,
    evaluated_at: momentAt(inputs.nowMs),
    events_seq: inputs.seq,
    inputs,
    governor: record.governor,
    boot: record.boot,
    n: record.n,
    durability: record.durability,
    seq: at.seq,
    ordinal: at.ordinal,
  };
}

function gapRow(
  gap: DecisionGap,
  at: { readonly tenant: string; readonly seq: number },
): DecisionGapRow {
  return {
    tenant: at.tenant,
    governor: gap.governor,
    boot: gap.boot,
    n: gap.n,
    previous_boot: gap.previousBoot,
    last_recorded: gap.lastRecorded,
    may_be_missing: gap.mayBeMissing,
    noticed_at: momentAt(gap.nowMs),
    seq: at.seq,
  };
}

function denialsRow(
  denials: DecisionDenials,
  at: { readonly tenant: string; readonly seq: number },
): DecisionDenialsRow {
  return {
    tenant: at.tenant,
    decision_id: denials.decisionId,
    key_id: denials.keyId,
    count: denials.count,
    codes: { ...denials.codes },
    examples: denials.examples,
    from_at: momentAt(denials.fromMs),
    until_at: momentAt(denials.untilMs),
    governor: denials.governor,
    boot: denials.boot,
    n: denials.n,
    seq: at.seq,
  };
}
