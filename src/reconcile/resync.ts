import cron, { type ScheduledTask } from 'node-cron';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { jittered, type Random } from '../lib/random.ts';

export interface ResyncSettings {
  readonly periodHours: number;
  /** A cron line in UTC instead of the period. */
  readonly cron: string | undefined;
  readonly jitterPercent: number;
}

/**
 * Refuses a schedule before anything has started under it.
 * @throws SyncError `config` where the cron line has the right form and never comes due.
 */
export function checkSchedule({ cron: line }: Pick<ResyncSettings, 'cron'>): void {
  if (line === undefined || cron.validate(line)) return;
  throw new SyncError(
    'config',
    `reconcile.cron: expected a cron line that comes due, got ${JSON.stringify(line)}`,
    {
      remedy: 'such as "17 * * * *", in UTC',
    },
  );
}

/**
 * Calls back once per period until the signal fires. A cron line runs in UTC, so that no hour is skipped or doubled by summer time;
 * periods that are no whole divisor of a day are plain timers. The moment is spread, so that many controllers do not move in step.
 */
export async function resync(
  settings: ResyncSettings,
  parts: { clock: Clock; random: Random; onDue: () => void; onFailure: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  // One pass that cannot start must not end the schedule: the predecessor's did, for good, and nobody noticed.
  const due = (): void => {
    try {
      parts.onDue();
    } catch (error) {
      parts.onFailure(error);
    }
  };
  const line = settings.cron ?? cronLine(settings.periodHours);
  const spreadMs = (settings.periodHours * 3_600_000 * settings.jitterPercent) / 100;
  if (line === undefined) {
    while (!signal.aborted) {
      const ms = jittered(settings.periodHours * 3_600_000, settings.jitterPercent / 100, parts.random);
      await parts.clock.sleep(ms, signal).then(due, () => undefined);
    }
    return;
  }
  const task: ScheduledTask = cron.schedule(
    line,
    () => {
      void parts.clock.sleep(Math.round(spreadMs * parts.random.unit()), signal).then(due, () => undefined);
    },
    { timezone: 'Etc/UTC', noOverlap: true, name: 'reconcile' },
  );
  if (!signal.aborted)
    await new Promise<void>((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    });
  await task.destroy();
}

/** The cron line of a period that divides the day, else undefined. */
export function cronLine(periodHours: number): string | undefined {
  if (periodHours === 24) return '0 0 * * *';
  if (periodHours === 1) return '0 * * * *';
  return Number.isInteger(periodHours) && periodHours > 1 && 24 % periodHours === 0
    ? `0 */${String(periodHours)} * * *`
    : undefined;
}
