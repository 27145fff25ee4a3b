/** The report of a chaos run as people read it. */
import type { ChaosReport } from './chaos.ts';
import type { Findings } from './verdict.ts';

const titles: Readonly<Record<keyof Findings, string>> = {
  lost: 'acknowledged and lost',
  duplicated: 'duplicated',
  outOfOrder: 'out of order',
  leftByRefused: 'events left by refused commands',
  rowsDiffer: 'rows that differ from a fresh fold',
  allowedWrongly: 'allowed although it must be denied',
  decisionsLost: 'recorded decisions lost',
  deadLetters: 'dead letters',
  wrongAnswers: 'wrong or missing answers',
  roleFaults: 'roles that ended by themselves',
};

const SHOWN = 10;

export function describeReport(report: ChaosReport): string {
  const { counts, findings, recoveries, longestWaitMs, retriedFor, seed, ok } = report;
  const lines = [
    `seed ${seed}: ${counts.kills} kills, ${counts.rolls} times rolled over, ${counts.acknowledged} commands acknowledged, ${counts.queued} queued, ${counts.refused} refused, ${counts.questions} questions answered, ${counts.events} events in the log`,
    `tried again ${counts.retries} times: ${listed(retriedFor) || 'never'}`,
    '',
    'killed          at s   back after ms   every client served again after ms',
    ...recoveries.map(({ victim, atS, backMs, servedMs }) =>
      [
        victim.padEnd(14),
        String(atS).padStart(6),
        String(backMs ?? '-').padStart(15),
        `   ${listed(servedMs)}`,
      ].join(''),
    ),
    '',
    `longest wait for an answer, ms: ${listed(longestWaitMs)}`,
    '',
    ...(Object.keys(titles) as (keyof Findings)[]).flatMap((name) => [
      `${String(findings[name].length).padStart(6)}  ${titles[name]}`,
      ...findings[name].slice(0, SHOWN).map((found) => `          ${found}`),
    ]),
    '',
    ok ? 'everything is as it must be' : 'NOT as it must be',
  ];
  return `${lines.join('\n')}\n`;
}

function listed(values: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value ?? '-'}`)
    .join(', ');
}
