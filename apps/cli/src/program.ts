/** The command line: every verb by name. What a verb needs is imported when it runs. */
import { Command, CommanderError } from 'commander';
import { addArchiveVerbs } from './archive/verbs.ts';
import { addApprovalVerbs } from './authority/approvals.ts';
import { addAskVerb } from './authority/ask.ts';
import { addDecisionVerbs } from './authority/decisions.ts';
import { addGrantVerbs } from './authority/grants.ts';
import { addKillSwitchVerbs } from './authority/kill-switch.ts';
import { addValidationVerbs } from './authority/validation.ts';
import { addPolicyVerbs } from './authority/policies.ts';
import { addReplayVerb } from './audit/replay.ts';
import { addExecutionVerbs } from './execution/executions.ts';
import { exitCodes } from './failure.ts';
import { addBenchVerb } from './operations/bench.ts';
import { addConfigVerbs } from './operations/config.ts';
import { addDatabaseVerbs } from './operations/database.ts';
import { addDeadLetterVerbs } from './operations/dead-letters.ts';
import { addDoctorVerb } from './doctor/verb.ts';
import { addStatusVerb } from './operations/status.ts';
import { addStreamVerbs } from './operations/streams.ts';
import { addLogVerbs } from './log/verbs.ts';
import { addPlatformVerbs } from './platform/verbs.ts';
import { addAgentVerbs } from './registry/agents.ts';
import type { Host } from './session.ts';
import { addKeyVerbs } from './tenancy/keys.ts';
import { addTrustVerbs } from './trust/trust.ts';
import { VERSION } from './version.ts';

const examples = `
Examples:
  writ up --demo                            start everything here and watch a small fleet being governed
  writ status                               what runs, and how far the read models are
  writ agents list --status active
  writ ask langgraph-v2:chart_generator generate_chart dataset:sales
  writ replay --agent langgraph-v2:chart_generator --since 1h
  writ decisions list --outcome deny --json | jq '.items[].code'

Exit codes: 0 done, 1 the answer is no, 2 usage, 3 cannot reach it or it is not ready`;

/** Builds the program; its verbs set `host.exitCode`. */
export function createProgram(host: Host): Command {
  const program = new Command('writ')
    .description('govern AI agents: an event-sourced bus for permission, trust and audit')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--json', 'print one JSON document (a line per record for streams)')
    .option('--data <dir>', 'the data directory of the platform (WRIT_DATA_DIR, .writ)')
    .option('--idempotency-key <key>', 'repeat a command that was given under this key')
    .option('--no-color', 'print without colours')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
    })
    .showSuggestionAfterError(true)
    .addHelpText('after', examples)
    .exitOverride();

  addPlatformVerbs(program, host);
  addStatusVerb(program, host);
  addDoctorVerb(program, host);
  addAgentVerbs(program, host);
  addGrantVerbs(program, host);
  addPolicyVerbs(program, host);
  addKillSwitchVerbs(program, host);
  addValidationVerbs(program, host);
  addApprovalVerbs(program, host);
  addAskVerb(program, host);
  addDecisionVerbs(program, host);
  addExecutionVerbs(program, host);
  addTrustVerbs(program, host);
  addKeyVerbs(program, host);
  addReplayVerb(program, host);
  addStreamVerbs(program, host);
  addDatabaseVerbs(program, host);
  addDeadLetterVerbs(program, host);
  addArchiveVerbs(program, host);
  addLogVerbs(program, host);
  addConfigVerbs(program, host);
  addBenchVerb(program, host);
  return program;
}

/** Runs one command line; the exit code is in `host.exitCode` after it. */
export async function runProgram(host: Host, args: readonly string[]): Promise<void> {
  try {
    await createProgram(host).parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    const asked = thrown.code === 'commander.helpDisplayed' || thrown.code === 'commander.version';
    host.exitCode = asked ? exitCodes.done : exitCodes.usage;
    if (!asked && args.includes('--json')) {
      const message = thrown.message.replace(/^error: /, '');
      host.stdout.write(
        `${JSON.stringify({ error: { code: 'USAGE', message, details: [], exitCode: 2 } }, null, 2)}\n`,
      );
    }
  }
}
