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

const PROPERTIES = ['subject', 'action', 'resource'] as const;
/** Names of context members that would be taken for properties, and those that stand for such names. */
const TAKEN = /^(?:context\.)*(?:subject|action|resource)$/;

/**
 * The arguments of a question: properties stand in the context under their names, as policies see them, and a member
 * that was sent under such a name beside them, as `context.<name>`.
 */
export function argumentsOf({ agentId, action, resource }: AskedFor, sent: SentContext): Arguments {
  const members = Object.entries(sent.context ?? {}).map(([name, value]): [string, unknown] => [
    TAKEN.test(name) ? `context.${name}` : name,
    value,
  ]);
  const properties = PROPERTIES.flatMap((name): [string, unknown][] =>
    sent[name] === undefined ? [] : [[name, sent[name]]],
  );
  const context = Object.fromEntries([...members, ...properties]);
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
