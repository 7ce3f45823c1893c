import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { effectiveFile } from '../reconcile/effective-file.ts';
import { Fleet } from '../reconcile/fleet.ts';
import type { LaterWrites } from '../reconcile/later-writes.ts';
import { parserFor } from '../registry/parse-for.ts';
import { Registry, type Registries } from '../registry/registry.ts';
import type { Source } from '../registry/source.ts';
import { Book } from '../status/book.ts';
import type { Durables } from './durables.ts';
import { registriesOver, rowsAmong, type OpenMember } from './several.ts';
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
    later: LaterWrites;
    /** All sources, where there are several. */
    members: readonly OpenMember[];
  },
) {
  const { durables, clock, log, later } = parts;
  const { stateDirectory } = settings.daemon;
  const { quietMs, capMs } = settings.watch;
  const registryOf = (one: Source, own: Settings['source']): Registry =>
    new Registry({
      source: one,
      parse: parserFor(own),
      stateDirectory,
      clock,
      quietMs,
      capMs,
      recalls: parts.daemon,
      warn: (message) => {
        log.warn(message);
      },
    });
  const registry = registriesOver(parts.members, registryOf, source, settings);
  return {
    registry,
    fleet: new Fleet({
      ...keptOf(stateDirectory, durables.decisions, later),
      limits: settings.guard,
      rollout: parts.steering.rollout,
      warn: (message) => {
        log.warn(message);
      },
    }),
    status: new Book({ clock, log, ...bookOf(settings, source, { registry, members: parts.members }) }),
  };
}

/** Where statuses are written, and how often. */
function bookOf(
  { status, source: { ownPrefix }, observeOnly }: Settings,
  source: Source,
  { registry, members }: { registry: Registries; members: readonly OpenMember[] },
): Omit<ConstructorParameters<typeof Book>[0], 'clock' | 'log'> {
  const { writeBack, flushMs, shardNodes } = status;
  const rows = writeBack && !observeOnly ? rowsAmong(members, registry, source) : undefined;
  return { rows, objects: source.own, prefix: `${ownPrefix}-status`, flushMs, shardNodes };
}

/** What planning keeps, now or later. */
function keptOf(
  stateDirectory: string,
  decisions: Durables['decisions'],
  later: LaterWrites,
): Pick<ConstructorParameters<typeof Fleet>[0], 'keeper' | 'approvals'> {
  const effective = effectiveFile(join(stateDirectory, 'effective.json'));
  return {
    keeper: {
      load: () => effective.load(),
      save: (inForce) => later.write('in force', () => effective.save(inForce)),
    },
    approvals: {
      all: () => decisions.approvals(),
      spend: (hash) => later.write('approvals', () => decisions.spend(hash), { newest: false }),
    },
  };
}
