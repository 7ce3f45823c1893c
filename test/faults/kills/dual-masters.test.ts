import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus } from '../../../src/contract/report.ts';
import { until } from '../../e2e/rig.ts';
import { fleetAvailable } from '../../fleet/availability.ts';
import { Dice } from '../../sim/kernel/dice.ts';
import { digest, managed, marks, newest } from './fleet-records.ts';
import { recover, startMastersRig, type MastersRig } from './masters-rig.ts';

const available = fleetAvailable('namespaces').available;
const trials = Number(process.env['SYNC_TRIALS'] ?? '30');
const seed = process.env['SYNC_KILLS_SEED'] ?? '1';
const ways = ['held on the wire', 'anywhere in its push', 'beside a node that stands still'] as const;

describe.skipIf(!available)('a controller that is stopped in its push while another one takes over', () => {
  let world: MastersRig;
  let stale = 0;
  let heldOnWire = 0;
  const dice = new Dice(`dual masters ${seed}`);
  beforeAll(async () => {
    world = await startMastersRig();
  }, 300_000);
  afterAll(async () => {
    await world.stop();
  });

  /** Stops the daemon at a moment of the push of an edit; answers what lets go what was on its way. */
  const pauseA = async (way: (typeof ways)[number]): Promise<() => Promise<void>> => {
    const { proxy, rig, daemon } = world;
    const first = proxy.passages.filter(({ closed }) => !closed);
    const node = rig.node(dice.int(1, 3));
    if (way === 'held on the wire') for (const passage of first) passage.set('to-node', { hold: true });
    if (way === 'beside a node that stands still') await node.freeze('sessions');
    const name = world.edit();
    if (way === 'anywhere in its push') await delay(dice.int(20, 250));
    else await until('another node has it', () => [1, 2, 3].some((index) => world.has(index, name)));
    daemon.process.kill('SIGSTOP');
    await node.thaw();
    return () => {
      for (const passage of first) if (!passage.closed) passage.set('to-node', {});
      return Promise.resolve();
    };
  };

  /** Another controller begins a term of its own and brings every node to a newer revision. */
  const takeOver = async (): Promise<{ readonly epoch: number; readonly shas: readonly string[] }> => {
    const take = async (): Promise<void> => {
      const taken = await world.other('term', 'take', '--reason', 'the daemon hangs');
      expect(taken.code, taken.stderr).toBe(0);
    };
    if (dice.chance(0.3)) await take();
    const name = world.edit();
    let pushed = await world.other('push', '-o', 'json');
    // Nodes that are too slow to tell their epoch in time let it begin in one that is taken: the report says so, and what to run.
    if (/"cause": "(?:rival|fenced)"/u.test(pushed.stdout)) {
      await take();
      pushed = await world.other('push', '-o', 'json');
    }
    expect(pushed.code, pushed.stdout + pushed.stderr).toBe(0);
    for (const index of world.indexes) expect(world.has(index, name)).toBe(true);
    const epochs = world.indexes.map((index) => newest(world.rig, index, 'fence')?.epoch ?? 0);
    expect(new Set(epochs).size).toBe(1);
    return {
      epoch: epochs[0] ?? 0,
      shas: world.indexes.map((index) => digest(managed(world.rig, index))),
    };
  };

  /** Nobody below this epoch has left a trace on a node since the node heard of it; its bytes are those of who leads. */
  const mustNotBeStale = (epoch: number, shas: readonly string[]): void => {
    for (const index of world.indexes) {
      const all = marks(world.rig, index);
      const since = all.slice(all.findIndex((mark) => mark.epoch === epoch));
      expect(since.filter((mark) => mark.epoch < epoch)).toEqual([]);
      expect(digest(managed(world.rig, index))).toBe(shas[index]);
    }
  };

  /** The daemon has been told, says so everywhere, and no longer pushes. */
  const mustKnow = async (epoch: number): Promise<void> => {
    let seen: ControllerStatus | undefined;
    await until('the daemon knows of its rival', async () => {
      seen = await world.status();
      return seen.standing === 'rival';
    });
    const writer = newest(world.rig, 1, 'fence')?.writer ?? '';
    expect(seen?.standingReason).toMatch(new RegExp(`writer ${writer} in epoch ${String(epoch)}`, 'u'));
    const refused = (seen?.nodes ?? []).filter(({ cause }) => cause === 'fenced' || cause === 'rival');
    expect(refused.length).toBeGreaterThan(0);
    stale += refused.length;
    await expect(
      world.client().push({ nodes: undefined, takeOver: false, actor: { who: 'admin', reason: undefined } }),
    ).rejects.toThrow(/rival|another|living/u);
  };

  it.each(Array.from({ length: trials }, (_, turn) => ({ turn, way: ways[turn % ways.length] ?? ways[0] })))(
    'installs nothing when it goes on, and says who leads: trial $turn, $way',
    { timeout: 300_000 },
    async ({ turn, way }) => {
      const { daemon } = world;
      await recover(world);
      const letGo = await pauseA(way);
      const { epoch, shas } = await takeOver();
      // What the daemon had sent before it was stopped arrives now, while it still stands.
      await letGo();
      if (way === 'held on the wire') heldOnWire += 1;
      daemon.process.kill('SIGCONT');
      await mustKnow(epoch);
      mustNotBeStale(epoch, shas);
      if (turn % 10 === 0) {
        const { stdout } = await world.rig.syncctl(['health']);
        expect(stdout).toMatch(/syncctl term take/u);
        expect(stdout).toMatch(new RegExp(`epoch ${String(epoch)}`, 'u'));
      }
      const next = world.edit();
      await recover(world);
      expect(world.has(1, next)).toBe(true);
    },
  );

  it('met stale attempts in every trial, all of them in its log and in its history', async () => {
    expect(stale).toBeGreaterThanOrEqual(trials);
    expect(heldOnWire).toBeGreaterThan(0);
    expect(world.daemon.said().match(/a living rival writes to our nodes/gu)?.length).toBe(trials);
    const pushes = await world.client().history.pushes({ limit: 5_000 });
    const told = pushes.filter(({ cause }) => cause === 'fenced' || cause === 'rival');
    expect(told.reduce((sum, { times }) => sum + times, 0)).toBeGreaterThanOrEqual(trials);
  });
});
