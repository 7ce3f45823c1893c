import { join } from 'node:path';
import type { FleetPlan } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Call } from './call.ts';
import { needRegistries, type Registries } from './registries.ts';

/** What should be, computed here without asking any node. */
export interface Desired extends Registries {
  readonly snapshot: Snapshot;
  readonly plan: FleetPlan;
  /** False before the first push: then the line that names the cluster is not final. */
  readonly hasClusterId: boolean;
}

/** Stands in for the cluster id that the first push mints. */
export const unminted = 'sc-not-minted-yet';

/** Reads the registries and plans them as the controller would. */
export async function readDesired(call: Call): Promise<Desired> {
  const registries = await needRegistries(call);
  const [{ planFleet }, { applyGuard }] = await Promise.all([
    import('../plan/plan-fleet.ts'),
    import('../plan/guard.ts'),
  ]);
  const { effective, held } = applyGuard(
    // What is in force of several sources is more than the one that is looked at.
    call.globals.source === undefined ? await inForce(call) : undefined,
    registries.snapshot,
    new Set(),
    (await call.settings()).guard,
  );
  const clusterId = await clusterIdOf(call);
  const plan = planFleet(effective, clusterId ?? unminted, held);
  return { ...registries, snapshot: effective, plan, hasClusterId: clusterId !== undefined };
}

/** What the controller of this machine last had in force: the base of the guard. Without rights to it, the registries stand alone. */
export async function inForce(call: Call): Promise<Snapshot | undefined> {
  const { effectiveFile } = await import('../reconcile/effective-file.ts');
  const kept = await effectiveFile(
    join((await call.settings()).daemon.stateDirectory, 'effective.json'),
  ).load();
  return kept?.snapshot;
}

/** The cluster id, without minting one. */
export async function clusterIdOf(call: Call): Promise<string | undefined> {
  const [{ openTermStore }, { systemRandom }] = await Promise.all([
    import('../registry/open-term-store.ts'),
    import('../lib/random.ts'),
  ]);
  const { stateDirectory } = (await call.settings()).daemon;
  const store = openTermStore(await call.home(), {
    stateDirectory,
    clock: call.context.clock,
    random: systemRandom,
  });
  return (await store.peek())?.clusterId;
}
