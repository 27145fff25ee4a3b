/**
 * What roles tell each other of themselves, over core NATS and to roles only. Nothing depends on it but what people read.
 *
 * 1. A role reports every two seconds, and once more when it stops; nothing is kept for a bus that is away.
 * 2. Who was silent for three reports is forgotten.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/nats-core';
import { type RoleReport, roleReport } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import type { RunningRole } from './role.ts';
import { ROLE_REPORTS, roleReportSubject } from './role-permissions.ts';

const EVERY_MS = 2000;
const SILENT_MS = 3 * EVERY_MS + 500;

/** Has a role report on a connection, as soon as there is one, until it is stopped. */
export function reporting<Role extends RunningRole>(
  role: Role,
  connection: () => NatsConnection | undefined,
): Role {
  const instance = randomUUID().slice(0, 8);
  const report = (leaving: boolean): void => {
    const open = connection();
    if (open === undefined || open.isDraining() || !watchOf(open).connected) return;
    const { ok, detail = null } = role.ready();
    const { name } = role;
    const said = { role: name, instance, ready: ok, detail, leaving, ...role.state?.() };
    open.publish(roleReportSubject(name, instance), JSON.stringify(said));
  };
  const timer = setInterval(report, EVERY_MS, false);
  report(false);
  return {
    ...role,
    async stop() {
      clearInterval(timer);
      report(true);
      await role.stop();
    },
  };
}

export type RoleReports = {
  /** The last report of everybody who reports. */
  current(): readonly RoleReport[];
  stop(): void;
};

/** Listens to the reports of all roles; `onReport` is told each of them. */
export function followRoleReports(
  connection: NatsConnection,
  onReport?: (report: RoleReport) => void,
): RoleReports {
  const heard = new Map<string, { readonly report: RoleReport; readonly atMs: number }>();
  const forgetSilent = (): void => {
    const sinceMs = performance.now() - SILENT_MS;
    for (const [instance, { atMs }] of heard) if (atMs < sinceMs) heard.delete(instance);
  };
  const subscription = connection.subscribe(ROLE_REPORTS, {
    callback(error, message) {
      const report = error === null ? read(message.data) : undefined;
      if (report === undefined) return;
      if (report.leaving) heard.delete(report.instance);
      else heard.set(report.instance, { report, atMs: performance.now() });
      onReport?.(report);
      forgetSilent();
    },
  });
  return {
    current() {
      forgetSilent();
      return [...heard.values()].map(({ report }) => report);
    },
    stop: () => subscription.unsubscribe(),
  };
}

function read(data: Uint8Array): RoleReport | undefined {
  try {
    return roleReport.parse(JSON.parse(Buffer.from(data).toString('utf8')));
  } catch {
    return undefined;
  }
}
