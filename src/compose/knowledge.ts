import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { effectiveFile } from '../reconcile/effective-file.ts';
import { Fleet } from '../reconcile/fleet.ts';
import { parseRegistries } from '../registry/parse.ts';
import { Registry } from '../registry/registry.ts';
import type { Source } from '../registry/source.ts';
import { Book } from '../status/book.ts';
import type { Durables } from './durables.ts';
import { rowsOf } from './rows.ts';
import type { Steering } from './steering.ts';

/** What should be, the plan of it, and what we know: the parts that hold state in memory. */
export function openKnowledge(
  settings: Settings,
  source: Source,
  parts: {
    durables: Durables;
    steering: Pick<Steering, 'rollout'>;
    clock: Clock;
    log: Logger;
    /** False for one command. */
    daemon: boolean;
  },
) {
  const { durables, clock, log } = parts;
  const { stateDirectory } = settings.daemon;
  const { quietMs, capMs } = settings.watch;
  const { decisions } = durables;
  return {
    registry: new Registry({
      source,
      parse: parseRegistries,
      stateDirectory,
      clock,
      quietMs,
      capMs,
      recalls: parts.daemon,
      warn: (message) => {
        log.warn(message);
      },
    }),
    fleet: new Fleet({
      keeper: effectiveFile(join(stateDirectory, 'effective.json')),
      approvals: { all: () => decisions.approvals(), spend: (hash) => decisions.spend(hash) },
      limits: settings.guard,
      rollout: parts.steering.rollout,
      warn: (message) => {
        log.warn(message);
      },
    }),
    status: new Book({
      clock,
      log,
      rows: settings.status.writeBack ? rowsOf(source) : undefined,
      objects: source.own,
      prefix: `${settings.source.ownPrefix}-status`,
      flushMs: settings.status.flushMs,
      shardNodes: settings.status.shardNodes,
    }),
  };
}
