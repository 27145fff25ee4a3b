/** Every command by its own name; bodies are those of the public surface. */
import type { CommandAccepted, CommandInput, CommandVerb } from '@writ/contracts';
import type { SendCommand } from './commands.ts';
import type { CommandOptions } from './options.ts';

/** A reply to a command, with what the command made. */
export type Reply<Result> = Omit<CommandAccepted, 'result'> & { readonly result: Result };

type AgentResult = {
  readonly agentId: string;
  readonly status: 'active' | 'suspended' | 'retired';
  readonly version: string;
};
type GrantResult = { readonly grantId: string; readonly agentId: string };
type DelegatedResult = GrantResult & { readonly parent: GrantResult };
type ApprovalResult = {
  readonly approvalId: string;
  readonly agentId: string;
  /** `pending` where another person has to approve too. */
  readonly status: 'pending' | 'approved' | 'rejected';
};
type PolicyResult = { readonly version: string; readonly digest: string };
/** Null where nothing was ever declared, and nothing is withdrawn. */
type SchemaResult = { readonly version: string | null; readonly digest: string | null };
type ExecutionResult = { readonly executionId: string };
/** `key` is there only in the first reply; a retry that met its own earlier try has the id alone. */
type KeyResult = { readonly keyId: string; readonly key?: string };

/** The commands of a client; each throws a `WritError` when it is refused. */
export abstract class NamedCommands {
  /** Gives any command by its verb, e.g. `registry.retire-agent`. */
  readonly command: SendCommand;

  constructor(command: SendCommand) {
    this.command = command;
  }

  /** Registers an agent, or a new version of it; the same registration again changes nothing. */
  registerAgent(
    agent: CommandInput<'registry.register-agent'>,
    options?: CommandOptions,
  ): Promise<Reply<AgentResult>> {
    return this.#give('registry.register-agent', agent, options);
  }

  /** Retires an agent and revokes its grants. */
  retireAgent(
    agentId: string,
    reason?: string,
    options?: CommandOptions,
  ): Promise<Reply<AgentResult>> {
    return this.#give('registry.retire-agent', withReason(agentId, reason), options);
  }

  /** Stops an agent: whatever it asks from now on is denied. */
  suspendAgent(
    agentId: string,
    reason?: string,
    options?: CommandOptions,
  ): Promise<Reply<AgentResult>> {
    return this.#give('registry.suspend-agent', withReason(agentId, reason), options);
  }

  /** Lets a suspended agent go on. */
  resumeAgent(
    agentId: string,
    reason?: string,
    options?: CommandOptions,
  ): Promise<Reply<AgentResult>> {
    return this.#give('registry.resume-agent', withReason(agentId, reason), options);
  }

  /** Grants actions on resources to an agent; both are exact or end in `*`. */
  issueGrant(
    grant: CommandInput<'authority.issue-grant'>,
    options?: CommandOptions,
  ): Promise<Reply<GrantResult>> {
    return this.#give('authority.issue-grant', grant, options);
  }

  /** Hands a grant of an agent on to another agent; what it does not say is as in the grant that is handed on. */
  delegateGrant(
    handing: CommandInput<'authority.delegate-grant'>,
    options?: CommandOptions,
  ): Promise<Reply<DelegatedResult>> {
    return this.#give('authority.delegate-grant', handing, options);
  }

  /** Takes a grant back, and with it everything that was handed on from it. */
  revokeGrant(
    grantId: string,
    reason?: string,
    options?: CommandOptions,
  ): Promise<Reply<GrantResult>> {
    return this.#give(
      'authority.revoke-grant',
      { grantId, ...(reason === undefined ? {} : { reason }) },
      options,
    );
  }

  /** Approves or rejects what an agent asked to do; the key that asked can not approve. */
  decideApproval(
    approval: CommandInput<'authority.decide-approval'>,
    options?: CommandOptions,
  ): Promise<Reply<ApprovalResult>> {
    return this.#give('authority.decide-approval', approval, options);
  }

  /** Publishes a set of policies as a new version, which decides nothing until it is activated. */
  publishPolicies(
    policies: CommandInput<'authority.publish-policies'>,
    options?: CommandOptions,
  ): Promise<Reply<PolicyResult>> {
    return this.#give('authority.publish-policies', policies, options);
  }

  /** Makes a published version the one that decides. */
  activatePolicies(version: string, options?: CommandOptions): Promise<Reply<PolicyResult>> {
    return this.#give('authority.activate-policies', { version }, options);
  }

  /** Goes back to the version that was active before, or to an earlier one. */
  rollBackPolicies(
    back: CommandInput<'authority.rollback-policies'> = {},
    options?: CommandOptions,
  ): Promise<Reply<PolicyResult>> {
    return this.#give('authority.rollback-policies', back, options);
  }

  /** Declares actions and their contexts; in force at once. `null` withdraws what was declared. */
  publishSchema(
    schema: CommandInput<'authority.publish-schema'>,
    options?: CommandOptions,
  ): Promise<Reply<SchemaResult>> {
    return this.#give('authority.publish-schema', schema, options);
  }

  /** Announces an execution before it begins. */
  startExecution(
    execution: CommandInput<'execution.start'>,
    options?: CommandOptions,
  ): Promise<Reply<ExecutionResult>> {
    return this.#give('execution.start', execution, options);
  }

  /** Reports what came of an execution; the start need not have been announced. */
  reportExecution(
    execution: CommandInput<'execution.report'>,
    options?: CommandOptions,
  ): Promise<Reply<ExecutionResult>> {
    return this.#give('execution.report', execution, options);
  }

  /** Rates an agent from 0 to 1, as a source and a rater that the key may speak for. */
  giveFeedback(
    feedback: CommandInput<'trust.give-feedback'>,
    options?: CommandOptions,
  ): Promise<Reply<{ readonly feedbackId: string }>> {
    return this.#give('trust.give-feedback', feedback, options);
  }

  /** Clears the suspension that a critical event latched. */
  clearSuspension(
    agentId: string,
    reason: string,
    options?: CommandOptions,
  ): Promise<Reply<{ readonly agentId: string }>> {
    return this.#give('trust.clear-suspension', { agentId, reason }, options);
  }

  /** Creates an API key; its secret is in this reply and nowhere else. */
  createKey(
    key: CommandInput<'tenancy.create-key'>,
    options?: CommandOptions,
  ): Promise<Reply<KeyResult>> {
    return this.#give('tenancy.create-key', key, options);
  }

  /** Revokes an API key and closes its connections. */
  revokeKey(
    keyId: string,
    reason?: string,
    options?: CommandOptions,
  ): Promise<Reply<{ readonly keyId: string }>> {
    return this.#give(
      'tenancy.revoke-key',
      { keyId, ...(reason === undefined ? {} : { reason }) },
      options,
    );
  }

  async #give<V extends CommandVerb, Result>(
    verb: V,
    body: CommandInput<V>,
    options?: CommandOptions,
  ): Promise<Reply<Result>> {
    // What a verb's result holds is fixed by the public surface; only the envelope was checked.
    return (await this.command(verb, body, options)) as Reply<Result>;
  }
}

function withReason(
  agentId: string,
  reason: string | undefined,
): { agentId: string; reason?: string } {
  return reason === undefined ? { agentId } : { agentId, reason };
}
