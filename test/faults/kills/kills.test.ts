import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../e2e/rig.ts';
import { fleetAvailable } from '../../fleet/availability.ts';
import { traefikAvailable } from '../../servers/traefik.ts';
import { Dice } from '../../sim/kernel/dice.ts';
import { digest, foreign, leftovers, managed, marks, newest, receivers } from './fleet-records.ts';
import { integrity, startKillRig, temps, type KillRig } from './kill-rig.ts';
import { moments } from './moments.ts';

const available = fleetAvailable('namespaces').available;
const kills = Number(process.env['SYNC_KILLS'] ?? '40');
const seed = process.env['SYNC_KILLS_SEED'] ?? '1';

/** Position of a node's fence, as one number that must never fall. */
function fenceOf({ rig }: KillRig, index: number): readonly [number, number] {
  const fence = newest(rig, index, 'fence');
  return [fence?.epoch ?? 0, fence?.seq ?? 0];
}

describe.skipIf(!available)(`a daemon that is killed ${String(kills)} times`, () => {
  let world: KillRig;
  let before: readonly string[] = [];
  const dice = new Dice(`kills ${seed}`);
  beforeAll(async () => {
    world = await startKillRig(traefikAvailable('v3').available);
    before = world.indexes.map((index) => foreign(world.rig, index));
  }, 300_000);
  afterAll(async () => {
    await world.rig.stop();
  });

  /** What must hold at any moment, also while nobody leads. */
  const mustBeWhole = (fences: readonly (readonly [number, number])[]): void => {
    for (const index of world.indexes) {
      const { rig } = world;
      const text = managed(rig, index);
      // A kill between rename and record leaves bytes whose fence is written: never bytes that nobody accepted.
      const accepted = marks(rig, index).map(({ sha }) => sha);
      expect(accepted, `${rig.node(index).name} holds bytes that it never accepted`).toContain(digest(text));
      expect(foreign(rig, index)).toBe(before[index]);
      const [epoch, seq] = fenceOf(world, index);
      const [pastEpoch, pastSeq] = fences[index] ?? [0, 0];
      expect(epoch > pastEpoch || (epoch === pastEpoch && seq >= pastSeq), 'the fence went back').toBe(true);
    }
    expect([integrity(world.rig, 'durable.db'), integrity(world.rig, 'history.db')]).toEqual(['ok', 'ok']);
  };

  /** What must hold once the restarted daemon says that all is in step. */
  const mustBeTrue = async (): Promise<void> => {
    const { rig, indexes } = world;
    for (const index of indexes) {
      const installed = newest(rig, index, 'installed');
      expect(installed?.sha, `${rig.node(index).name} is active`).toBe(digest(managed(rig, index)));
      expect(leftovers(rig, index)).toEqual([]);
    }
    expect(temps(rig), 'temp files of the controller').toEqual([]);
    await until('no receiver is left', () => receivers(rig).length === 0, 15_000);
  };

  it.each(
    Array.from({ length: kills }, (_, turn) => {
      const names = Object.keys(moments);
      return { turn, name: names[turn % names.length] ?? '' };
    }),
  )('converges without a hand: kill $turn, $name', { timeout: 300_000 }, async ({ name }) => {
    const fences = world.indexes.map((index) => fenceOf(world, index));
    await moments[name]?.(world, dice);
    await world.daemon.stop('SIGKILL');
    mustBeWhole(fences);
    for (const node of world.rig.fleet.nodes) await node.thaw();
    await world.restart();
    mustBeWhole(fences);
    await mustBeTrue();
  });

  it('has kept every revision and told every node in its row', async () => {
    await until('the rows say that all are active', () => {
      const registry = world.rig.read('sync-controller-registry', 'registry.json');
      return (JSON.stringify(registry).match(/"status":"active"/gu) ?? []).length === world.indexes.length;
    });
    await world.daemon.stop('SIGTERM');
    const health = await world.rig.syncctl(['history', '-o', 'json']);
    expect(health.code, health.stderr).toBe(0);
    expect((await world.rig.syncctl(['plan'])).code).toBe(0);
  });
});
