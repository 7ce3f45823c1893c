import type { Settings } from '../config/settings.ts';
import { within } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { openTermStore } from '../registry/open-term-store.ts';
import { openSource } from './registries.ts';

const clusterMs = 3_000;

/** The id under which the nodes keep their records of us; undefined where none was minted yet, or the registries cannot tell. */
export async function clusterIdOf(settings: Settings, signal: AbortSignal): Promise<string | undefined> {
  const ports = { stateDirectory: settings.daemon.stateDirectory, clock: systemClock, random: systemRandom };
  try {
    const source = await openSource(settings, systemClock);
    try {
      return await within(
        clusterMs,
        signal,
        async () => (await openTermStore(source, ports).peek())?.clusterId,
      );
    } finally {
      await source.close();
    }
  } catch {
    return undefined;
  }
}
