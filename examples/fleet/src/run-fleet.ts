/** The demonstration: a fleet that does real work under governance, told in seven chapters. */
import { grants } from './chapters/grants.ts';
import { life } from './chapters/life.ts';
import { policy } from './chapters/policy.ts';
import { ratings } from './chapters/ratings.ts';
import { registration } from './chapters/registration.ts';
import { suspension } from './chapters/suspension.ts';
import { work } from './chapters/work.ts';
import { assemble } from './fleet.ts';
import { createPrinter } from './printer.ts';

const READING_PAUSE_MS = 1_500;

export type FleetOptions = {
  readonly natsUrl: string;
  /** Named at the end, as where to look next. */
  readonly httpUrl: string;
  readonly adminKey: string;
  /** Results go to `<dataDir>/demo`, and so do the fleet's keys. */
  readonly dataDir: string;
  readonly tenant?: string;
  /** Takes one line at a time. */
  readonly print: (line: string) => void;
  /** Colours are for terminals; none when left out. */
  readonly colours?: boolean;
  /** Between chapters, in milliseconds; long enough to read along where there are colours, else none, when left out. */
  readonly pauseMs?: number;
};

/** Tells the story; throws `StoryFailed` when the platform does not do what the story says. */
export async function runFleet(options: FleetOptions): Promise<void> {
  const {
    natsUrl,
    adminKey,
    dataDir,
    tenant = 'default',
    print,
    colours = false,
    pauseMs = colours ? READING_PAUSE_MS : 0,
  } = options;
  const started = performance.now();
  const printer = createPrinter({ print, colours, pauseMs });
  const fleet = await assemble({ natsUrl, adminKey, tenant, dataDir, printer });
  try {
    await registration(fleet);
    await grants(fleet);
    const results = await work(fleet);
    await ratings(fleet, results);
    await policy(fleet);
    await suspension(fleet);
    await life(fleet);
    print('');
    printer.text(
      `The story took ${((performance.now() - started) / 1000).toFixed(1)} s. Results: ${fleet.workshop}; agents: ${options.httpUrl}/v1/agents`,
    );
  } finally {
    await fleet.close();
  }
}
