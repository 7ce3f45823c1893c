import type { NotifySettings } from '../config/notify-schema.ts';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { testTarget, type TestResult } from './notifier.ts';
import { targetOf } from './target.ts';

export interface TestGround {
  readonly settings: Pick<NotifySettings, 'targets'>;
  readonly clock: Clock;
  /** How messages call the cluster. */
  readonly cluster: () => string;
}

/**
 * Sends a test message to a target, or to all at once; each has its own deadline.
 * @throws SyncError `config` where there is no target, `notFound` where there is none of that name.
 */
export async function testTargets(
  name: string | undefined,
  ground: TestGround,
): Promise<readonly TestResult[]> {
  const { settings, clock } = ground;
  const known = settings.targets.map((target) => target.name);
  if (known.length === 0)
    throw new SyncError('config', 'notify.targets: expected at least one target, got none', {
      remedy: 'add one to the settings and restart the daemon: docs/configuration.md',
    });
  const meant = settings.targets.filter((target) => name === undefined || target.name === name);
  if (meant.length === 0)
    throw new SyncError(
      'notFound',
      `notify test: expected one of ${known.join(', ')}, got ${JSON.stringify(name)}`,
      { remedy: 'correct the name; a changed section notify needs a restart of the daemon' },
    );
  return Promise.all(
    meant.map((target) =>
      testTarget(
        targetOf(target, () => clock.now()),
        ground,
      ),
    ),
  );
}
