import { silentLogger } from '../../src/lib/logger.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openDurables } from '../../src/compose/durables.ts';
import { openHistory } from '../../src/compose/history.ts';
import { writeBackup } from '../../src/compose/backup/backup.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { NodeId } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { pushOf, seenRevision } from '../../src/reconcile/history.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import type { Source } from '../../src/registry/source.ts';
import { join } from 'node:path';
import { demoServices, writeRegistry, type RegistryContent } from './registry-folder.ts';
import type { Site } from './support.ts';

/** Settings of a site, as its commands load them. */
export async function settingsOf(made: Site): Promise<Settings> {
  const { env, uid, loadSettings } = made.context;
  const flags = { 'source.kind': 'directory', 'source.directory': made.registry };
  return (await loadSettings({ env, uid, file: undefined, flags })).settings;
}

/** How the push of one node ended. */
export type Ending = 'changed' | 'in sync' | 'timeout';

export interface Filing {
  /** Endings by the name of a node; the others were not pushed. */
  readonly pushes?: Readonly<Record<string, Ending>>;
  /** The state that stays in force, for entries that are set aside. */
  readonly before?: Snapshot | undefined;
  readonly at?: string;
}

/** Files what the registries of a site say now, as a controller would, with the outcomes of its pushes. */
export async function fileRevision(made: Site, filing: Filing = {}): Promise<Snapshot> {
  const settings = await settingsOf(made);
  const clock: Clock =
    filing.at === undefined ? systemClock : { ...systemClock, now: () => Date.parse(filing.at ?? '') };
  const source: Source = await made.context.openSource(settings);
  const reading = await source.read(made.context.signal);
  if (reading.kind !== 'read') throw new Error(reading.reason);
  const snapshot = parseRegistries(reading.objects, filing.before);
  const plan = planFleet(snapshot, 'sc-0123456789abcdef', []);
  const durables = await openDurables(settings.daemon.stateDirectory, clock, silentLogger);
  const history = await openHistory(settings, { durable: durables.durable, clock, log: silentLogger });
  history.revision(
    seenRevision(snapshot, { objects: reading.objects, plan, source: 'test', atMs: clock.now() }),
  );
  for (const one of plan.nodes.values()) {
    const ending = filing.pushes?.[one.node.name];
    if (ending !== undefined) history.push(attemptOf(one, ending, clock));
  }
  await history.close();
  await durables.decisions.close();
  await source.close();
  return snapshot;
}

function attemptOf(plan: NodePlan, ending: Ending, clock: Clock): ReturnType<typeof pushOf> {
  const attempt = {
    plan,
    outcome: outcomeOf(plan.id, plan, ending),
    status: undefined,
    kind: 'change',
    attempted: true,
    attempt: 1,
    startedMs: clock.now(),
    totalMs: 41,
    actor: undefined,
  };
  return pushOf(attempt, { epoch: 7, writer: 'w' });
}

function outcomeOf(id: NodeId, plan: NodePlan, ending: Ending): Outcome {
  const timings = { waitMs: 1, dialMs: 20, exchangeMs: 15, verifyMs: 5 };
  if (ending === 'timeout')
    return {
      ok: false,
      id,
      cause: 'timeout',
      evidence: 'no answer in 10 s',
      reachable: false,
      facts: undefined,
      timings,
    };
  const [bundle] = plan.bundles;
  if (bundle === undefined) throw new Error(`${id} has no plan`);
  const facts = { receiver: '1.0.0', boot: 'b', clock: 0, hostname: 'h', path: '/etc/hosts' };
  const changed = ending === 'changed';
  return { ok: true, id, changed, installed: bundle.digest, rungs: ['digest'], facts, notes: [], timings };
}

/** Two revisions, the second of which is what the registry says, and a backup of both. */
export async function seedHistory(made: Site, content: RegistryContent): Promise<void> {
  const early = {
    ...demoServices,
    early: { subdomain: 'early', ip: '100.76.150.99', port: 80, public: false },
  };
  await writeRegistry(made.registry, { ...content, services: early });
  await fileRevision(made);
  await writeRegistry(made.registry, content);
  await fileRevision(made, { pushes: { 'vinay-laptop': 'changed' } });
  const { stateDirectory } = (await settingsOf(made)).daemon;
  await writeBackup({ stateDirectory, file: join(made.folder, 'saved.tar.gz'), clock: systemClock });
}

/** Every `-o json` form of the commands of this folder. */
export const historyCases: readonly (readonly [string, readonly string[]])[] = [
  ['HistoryReport', ['history']],
  ['PushList', ['history', '--node', 'vinay-laptop']],
  ['RevisionReport', ['history', 'show', 'latest']],
  ['DiffReport', ['diff', 'previous', 'latest']],
  ['BlameReport', ['blame', 'vinay-laptop']],
  ['WhyReport', ['why', 'demo']],
  ['ChangeReport', ['rollback', 'previous', '--reason', 'x', '--yes']],
  ['BackupReport', ['backup', 'new.tar.gz']],
  ['RestoreReport', ['restore', 'saved.tar.gz', '--yes']],
  ['SupportBundle', ['support-bundle', 'support.tar.gz']],
];
