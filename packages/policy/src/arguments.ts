/** What exactly is asked, as persons approve it: nothing that was sent is left out. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { SentContext } from './shown-context.ts';

export type AskedFor = {
  readonly agentId: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
};

export type Arguments = {
  readonly agentId: string;
  readonly action: string;
  /** `<type>:<id>` */
  readonly resource: string;
  readonly context: Readonly<Record<string, unknown>>;
};

/** The arguments of a question. Properties stand in the context as policies see them, in place of what was sent under their names. */
export function argumentsOf({ agentId, action, resource }: AskedFor, sent: SentContext): Arguments {
  const context: Record<string, unknown> = { ...sent.context };
  for (const name of ['subject', 'action', 'resource'] as const) {
    delete context[name];
    if (sent[name] !== undefined) context[name] = sent[name];
  }
  return { agentId, action, resource: `${resource.type}:${resource.id}`, context };
}

/** Their RFC 8785 form and its hash, `sha256:` and hex; throws for what has none, such as an infinite number. */
export function hashArguments(asked: Arguments): {
  readonly hash: string;
  readonly bytes: number;
} {
  const canonical = Buffer.from(canonicalize(asked) ?? '', 'utf8');
  const hash = `sha256:${createHash('sha256').update(canonical).digest('hex')}`;
  return { hash, bytes: canonical.length };
}
