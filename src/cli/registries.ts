import type { RawObject, RegistryObject, Snapshot } from '../model/snapshot.ts';
import type { Settings } from '../config/settings.ts';
import { SyncError } from '../lib/errors.ts';
import type { Restored } from '../registry/last-good.ts';
import type { Source, SourceHealth } from '../registry/source.ts';
import type { ControllerStatus } from '../contract/report.ts';
import type { Call } from './call.ts';
import type { Controller } from './context.ts';

/** The registries as one command found them. */
export interface Registries {
  readonly snapshot: Snapshot | undefined;
  /** As the source delivered them; empty where it could not be read. */
  readonly objects: ReadonlyMap<RegistryObject, RawObject>;
  /** As they were read last, where the source could not be read. */
  readonly kept?: ReadonlyMap<RegistryObject, RawObject>;
  /** `last-good`: the source cannot be read and an earlier state stands in. */
  readonly state: 'fresh' | 'last-good' | 'none';
  readonly reason: string | undefined;
  readonly remedy: string | undefined;
  readonly source: SourceHealth;
}

/** Reads the registries once and writes nothing, not even the last good state: that is the controller's. */
export async function readRegistries(call: Call): Promise<Registries> {
  const [{ looksAtSeveral }, settings] = [await import('./several.ts'), await call.settings()];
  if (await looksAtSeveral(call)) return readSeveral(call, settings);
  const one = call.globals.source;
  const { sourceNamed } = await import('../compose/several.ts');
  return readOne(call, await call.source(), one === undefined ? settings.source : sourceNamed(settings, one));
}

/** One of several sources as a command found it. */
export interface ReadShare {
  readonly name: string;
  readonly priority: number;
  readonly registries: Registries;
}

/** Each of several sources, home first. */
export async function readShares(call: Call, settings: Settings): Promise<readonly ReadShare[]> {
  const { openSeveral } = await import('../compose/several.ts');
  const members = await openSeveral(settings, await call.home(), call.context.clock);
  for (const { source } of members.slice(1)) await call.keep(Promise.resolve(source));
  return Promise.all(
    members.map(async ({ name, priority, source, settings: own }) => ({
      name,
      priority,
      registries: await readOne(call, source, own),
    })),
  );
}

/** All sources, merged as the controller merges them. */
async function readSeveral(call: Call, settings: Settings): Promise<Registries> {
  const { mergeShares } = await import('../registry/several/merge.ts');
  const read = await readShares(call, settings);
  const [home] = read;
  if (home === undefined) throw new SyncError('internal', 'sources: expected one, got none');
  const snapshot = mergeShares(
    read.map(({ name, priority, registries }) => ({
      name,
      priority,
      snapshot: registries.snapshot,
      state: registries.state,
    })),
    home.name,
    undefined,
  );
  for (const { name, registries } of read)
    if (registries.state !== 'fresh')
      call.note('warn', `the source ${name} cannot be read: ${registries.reason ?? 'no answer'}`);
  return { ...home.registries, snapshot };
}

async function readOne(call: Call, source: Source, own: Settings['source']): Promise<Registries> {
  const { parserFor } = await import('../registry/parse-for.ts');
  const lastGood = await lastGoodOf(call, source, own);
  const reading = await source.read(call.context.signal);
  const health = source.health();
  if (reading.kind === 'unreadable') {
    const { snapshot, objects = [] } = lastGood ?? {};
    return {
      snapshot,
      objects: new Map(),
      kept: new Map(objects.map((one) => [one.name, one])),
      state: snapshot === undefined ? 'none' : 'last-good',
      reason: reading.reason,
      remedy: reading.remedy,
      source: health,
    };
  }
  const { openSealed } = await import('../registry/sealed/opened.ts');
  await openSealed(reading.objects.values());
  const parsed = parserFor(own)(reading.objects, lastGood?.snapshot);
  const snapshot = { ...parsed, findings: [...reading.findings, ...parsed.findings] };
  return {
    snapshot,
    objects: reading.objects,
    state: 'fresh',
    reason: undefined,
    remedy: undefined,
    source: health,
  };
}

/**
 * The registries where a command cannot do without them.
 * @throws SyncError `unavailable` with the reason and what mends it.
 */
export async function needRegistries(call: Call): Promise<Registries & { readonly snapshot: Snapshot }> {
  const registries = await readRegistries(call);
  const { snapshot, state, reason, remedy, source } = registries;
  if (snapshot === undefined || state !== 'fresh') throw unreadable(source, reason, remedy);
  return { ...registries, snapshot };
}

/**
 * The status of a controller that knows registries: none is not an empty one, and a push of nothing is no success.
 * @throws SyncError `unavailable`.
 */
export async function needStatus(controller: Controller): Promise<ControllerStatus> {
  const status = await controller.status();
  const { source } = status;
  if (source.state === 'none') throw unreadable(source, source.reason ?? undefined, undefined);
  return status;
}

/** What the Kubernetes source names where it has found no login yet. */
const unknownCluster = 'a cluster that is not found';

/** The refusal of a source that cannot be read. */
export function unreadable(
  source: Pick<SourceHealth, 'location'>,
  reason: string | undefined,
  remedy: string | undefined,
): SyncError {
  const { location } = source;
  const place = location.startsWith(unknownCluster) ? 'registries' : `registries at ${location}`;
  // The reason begins with where the source looked, once or twice.
  const folder = location.replace(/ namespace \S+$/u, '');
  let text = reason ?? 'no answer';
  while (text.startsWith(`${folder}: `)) text = text.slice(folder.length + 2);
  const sentence = text.includes('expected ') ? text : `expected an answer, got: ${text}`;
  return new SyncError('unavailable', `${place}: ${sentence}`, { remedy: remedy ?? 'syncctl doctor' });
}

async function lastGoodOf(
  call: Call,
  source: Source,
  own: Settings['source'],
): Promise<Restored | undefined> {
  const [{ LastGood }, { parserFor }] = await Promise.all([
    import('../registry/last-good.ts'),
    import('../registry/parse-for.ts'),
  ]);
  const settings = await call.settings();
  const lastGood = new LastGood({
    stateDirectory: settings.daemon.stateDirectory,
    source: nameOf(source),
    parse: parserFor(own),
  });
  try {
    return await lastGood.restore();
  } catch {
    // An admin without rights on the state directory still sees what the source says.
    return undefined;
  }
}

/** As the controller names it, so that both use one file. */
function nameOf(source: Source): string {
  const { kind, location } = source.health();
  return `${kind} ${location}`;
}
