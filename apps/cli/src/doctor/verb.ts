/** `writ doctor`: examines the machine and the platform, says what to do, and mends what is safe to mend. */
import type { Command } from 'commander';
import { type ExitCode, exitCodes, toFailure } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { type Column, renderTable } from '../terminal/table.ts';
import { type Examination, failed, type Finding, unreachable } from './finding.ts';

type DoctorFlags = { readonly repair?: boolean; readonly deep?: boolean };

export function addDoctorVerb(program: Command, host: Host): void {
  program
    .command('doctor')
    .description(
      'examine the machine and the platform; exits with 1 when something is wrong, 3 when it can not be reached',
    )
    .option('--repair', 'mend what can be mended without losing data')
    .option('--deep', 'also compare every row of the read models with a fresh fold of the log')
    .action(handled<DoctorFlags>(host, doctor));
}

async function doctor(
  session: Session,
  _args: readonly string[],
  flags: DoctorFlags,
): Promise<ExitCode> {
  const [{ examineMachine }, { examinePlatform }] = await Promise.all([
    import('./machine.ts'),
    import('./platform.ts'),
  ]);
  const repair = flags.repair === true;
  const readModels: Examination = {
    check: 'read models',
    run: async () =>
      (await import('./read-models.ts')).examineReadModels(session, {
        repair,
        deep: flags.deep === true,
      }),
  };
  const findings: Finding[] = [];
  for (const examination of [
    ...examineMachine(session, repair),
    ...examinePlatform(session, repair),
    readModels,
  ])
    findings.push(...(await examine(examination)));
  const healthy = findings.every(({ state }) => state !== 'failed' && state !== 'unreachable');
  const { colours } = session.out;
  const paints = {
    ok: colours.green,
    warning: colours.yellow,
    failed: colours.red,
    skipped: colours.dim,
    unreachable: colours.yellow,
    repaired: colours.cyan,
  };
  const columns: Column<Finding>[] = [
    { title: 'CHECK', cell: (finding) => finding.check },
    { title: 'STATE', cell: (finding) => finding.state, paint: (finding) => paints[finding.state] },
    {
      title: 'DETAIL',
      cell: (finding) =>
        [finding.detail, finding.remedy].filter((text) => text !== undefined).join('; '),
    },
  ];
  session.out.document({ healthy, findings }, () =>
    renderTable(session.out, columns, findings, ''),
  );
  if (findings.some(({ state }) => state === 'failed')) return exitCodes.no;
  return healthy ? exitCodes.done : exitCodes.unreachable;
}

/** What an examination cannot reach is one more finding, not the end of the others. */
async function examine({ check, run }: Examination): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (thrown) {
    const { message, exitCode } = toFailure(thrown);
    return [
      exitCode === exitCodes.unreachable ? unreachable(check, message) : failed(check, message),
    ];
  }
}
