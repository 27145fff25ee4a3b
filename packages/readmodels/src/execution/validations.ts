/** The rows of validation: the rules that were published, and how results were judged. */
import type { EventData } from '@writ/contracts';
import type { Table } from '../projection/table.ts';

type Published = EventData<'ValidationPublished'>;
type Validated = EventData<'ResultValidated'>;

export type ValidationRulesRow = {
  tenant: string;
  version: string;
  rules: Published['rules'];
  note: string | null;
  published_by: string;
  published_at: string;
  seq: number;
};

export type ValidationRow = {
  /** As `factKey` makes it. */
  fact_key: string;
  tenant: string;
  agent_id: string;
  validation_id: string;
  execution_id: string | null;
  decision_id: string | null;
  action: string;
  outcome: Validated['outcome'];
  findings: Validated['findings'];
  rules_version: string | null;
  severity: Validated['severity'];
  asked_by: string;
  validated_at: string;
  event_id: string;
  fingerprint: string | null;
  given_under: string | null;
  seq: number;
};

export const validationRulesTable: Table<ValidationRulesRow> = {
  name: 'validation_rules',
  key: ['tenant', 'version'],
  onConflict: 'keep',
  columns: {
    tenant: 'text',
    version: 'text',
    rules: 'jsonb',
    note: 'text',
    published_by: 'text',
    published_at: 'timestamptz',
    seq: 'bigint',
  },
};

export const validationsTable: Table<ValidationRow> = {
  name: 'validations',
  key: ['fact_key'],
  onConflict: 'keep',
  columns: {
    fact_key: 'text',
    tenant: 'text',
    agent_id: 'text',
    validation_id: 'text',
    execution_id: 'text',
    decision_id: 'text',
    action: 'text',
    outcome: 'text',
    findings: 'jsonb',
    rules_version: 'text',
    severity: 'text',
    asked_by: 'text',
    validated_at: 'timestamptz',
    event_id: 'text',
    fingerprint: 'text',
    given_under: 'text',
    seq: 'bigint',
  },
};
