import type { Sky } from '../kube/weather.ts';
import type { Stage } from '../stage.ts';
import type { Deed } from './deed.ts';

// An older store is the truth once it has lasted a minute; only shorter lapses are lapses.
const apartMs = 90_000;
const lastLapse = new WeakMap<Stage, number>();

/** What happens to the API server and the way to it. */
export const clusterDeeds: Readonly<Record<string, Deed>> = {
  sky: (stage, { word, forMs }) => {
    const { weather } = stage.scene.cluster;
    const begin = (): void => {
      weather.sky = word === 'blind' ? 'fair' : (word as Sky);
      weather.blindTo = word === 'blind' ? stage.dice.pick(['registries', 'terms']) : 'nothing';
    };
    stage.hold('sky', forMs, begin, () => {
      weather.sky = 'fair';
      weather.blindTo = 'nothing';
    });
  },
  'watch-silent': (stage, { forMs }) => {
    const { weather } = stage.scene.cluster;
    stage.hold(
      'watch-silent',
      forMs,
      () => (weather.watchesSilent = true),
      () => (weather.watchesSilent = false),
    );
  },
  'watch-noise': (stage, { forMs }) => {
    const { weather } = stage.scene.cluster;
    stage.hold(
      'watch-noise',
      forMs,
      () => (weather.watchNoise = 0.4),
      () => (weather.watchNoise = 0),
    );
  },
  'watch-end': (stage, { word }) => stage.scene.cluster.endWatches(word as 'ended'),
  compact: (stage) => {
    const { server } = stage.scene.cluster;
    server.compacted = server.head;
  },
  conflicts: (stage, { forMs, number }) => {
    const { weather } = stage.scene.cluster;
    stage.hold(
      'conflicts',
      forMs,
      () => (weather.conflicts = number),
      () => (weather.conflicts = 0),
    );
  },
  behind: (stage, { forMs, number }) => {
    const { weather } = stage.scene.cluster;
    const since = stage.world.nowMs - (lastLapse.get(stage) ?? -Infinity);
    // Who remembers no version, or an older one than a second controller brought, takes the first one that it is shown.
    if (since < apartMs || stage.isBlind() || stage.isShared) return;
    lastLapse.set(stage, stage.world.nowMs + forMs);
    stage.hold(
      'behind',
      forMs,
      () => (weather.behind = number),
      () => (weather.behind = 0),
    );
  },
};
