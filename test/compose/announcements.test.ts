import { describe, expect, it } from 'vitest';
import { Announcements, appliedAnnotation, type AnnouncementParts } from '../../src/compose/announcements.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { FleetPlan } from '../../src/model/plan.ts';
import type { RawObject, RegistryObject, Snapshot } from '../../src/model/snapshot.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { desiredDigest } from '../../src/reconcile/reconciler.ts';
import { until } from '../notify/listener.ts';
import { laptop, objectsOf, service, snapshotOf, type Contents } from '../plan/registry-of.ts';
import { ManualClock } from '../support/manual-clock.ts';

const registry = { management_laptops: [laptop], vps_nodes: [], worker_nodes: [] };
const contents = (...names: readonly string[]): Contents => ({
  info: { 'cluster-name': 'home', 'cluster-domain': 'home' },
  registry,
  services: Object.fromEntries(names.map((name, at) => [name, service(name, at + 1)])),
});

/** A controller over one API server, as far as announcements look at it. */
class World {
  readonly told: string[] = [];
  readonly clock = new ManualClock();
  readonly #revisions: string[] = [];
  #snapshot: Snapshot;
  #objects: Map<RegistryObject, RawObject>;
  #plan: FleetPlan;
  #verified = false;
  #stir = (): void => undefined;

  constructor(given: Contents, annotation: string | undefined) {
    this.#snapshot = snapshotOf(given);
    this.#plan = planFleet(this.#snapshot, 'sc-1', []);
    this.#objects = objectsOf(given);
    this.#revisions.push(this.#snapshot.digest);
    if (annotation !== undefined) this.#annotate(annotation);
  }

  edit(given: Contents): void {
    const annotation = this.#objects.get('cluster-info')?.annotations[appliedAnnotation];
    this.#snapshot = snapshotOf(given);
    this.#plan = planFleet(this.#snapshot, 'sc-1', []);
    this.#objects = objectsOf(given);
    this.#revisions.push(this.#snapshot.digest);
    if (annotation !== undefined) this.#annotate(annotation);
    this.#stir();
  }

  verify(): void {
    this.#verified = true;
    this.#stir();
  }

  open(): Announcements {
    const subscribe = (stir: () => void): (() => void) => {
      this.#stir = stir;
      return () => undefined;
    };
    const current = () => ({ snapshot: this.#snapshot, objects: this.#objects, sourceState: 'fresh' });
    const planOf = (id: string) => [...this.#plan.nodes].find(([one]) => one === id)?.[1];
    const status = (id: string) =>
      this.#verified ? { state: 'active', hint: false, installed: desiredDigest(planOf(id)) } : undefined;
    const number = (digest: string) => this.#revisions.indexOf(digest) + 1;
    const parts = {
      registry: { subscribe, current },
      fleet: { effective: () => this.#snapshot, current: () => this.#plan, planOf, newestOf: planOf },
      status: { subscribe, get: status },
      history: { revisionNumber: (digest: string) => (number(digest) > 0 ? number(digest) : undefined) },
      standing: { state: () => ({ kind: 'writing' }) },
    } as unknown as AnnouncementParts['parts'];
    return new Announcements({
      settings: { events: true, annotation: true },
      announcer: {
        annotate: ({ annotations }) => {
          this.#annotate(annotations[appliedAnnotation] ?? '');
          return Promise.resolve('written');
        },
        tell: ({ object, note }) => {
          this.told.push(`${object}: ${note}`);
          return Promise.resolve();
        },
        tellAgain: () => Promise.resolve(true),
      },
      ...{ parts, clock: this.clock, random: systemRandom, log: silentLogger },
    });
  }

  #annotate(revision: string): void {
    for (const [name, object] of this.#objects)
      this.#objects.set(name, { ...object, annotations: { [appliedAnnotation]: revision } });
  }
}

describe('announcements', () => {
  it('an edit that comes before the nodes are verified after a restart is news of its own object alone', async () => {
    const world = new World(contents('demo'), 'R1');
    const announced = world.open();
    world.edit(contents('demo', 'after'));
    world.verify();
    await world.clock.advance(1_000);
    await until(() => world.told.length > 0);
    await world.clock.advance(60_000);
    expect(world.told).toEqual(['service-registry: R2 is live on 1 node']);
    await announced.close();
  });

  it('what was never told before is told of every object', async () => {
    const world = new World(contents('demo'), undefined);
    const announced = world.open();
    world.verify();
    await world.clock.advance(1_000);
    await until(() => world.told.length >= 4);
    expect(world.told.map((line) => line.slice(0, line.indexOf(':'))).toSorted()).toEqual([
      'cluster-info',
      'domain-registry',
      'service-registry',
      'sync-controller-registry',
    ]);
    await announced.close();
  });
});
