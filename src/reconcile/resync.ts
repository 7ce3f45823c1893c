import { once } from 'node:events';
import cron from 'node-cron';
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
 * a period is a plain timer. The moment is spread, so that many controllers do not move in step.
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
  const { clock, random } = parts;
  const periodMs = settings.periodHours * 3_600_000;
  const spread = settings.jitterPercent / 100;
  if (settings.cron === undefined) {
    while (!signal.aborted)
      await clock.sleep(jittered(periodMs, spread, random), signal).then(due, () => undefined);
    return;
  }
  const task = cron.schedule(
    settings.cron,
    () => {
      void clock.sleep(Math.round(periodMs * spread * random.unit()), signal).then(due, () => undefined);
    },
    { timezone: 'Etc/UTC', noOverlap: true, name: 'reconcile' },
  );
  if (!signal.aborted) await once(signal, 'abort');
  await task.destroy();
}
