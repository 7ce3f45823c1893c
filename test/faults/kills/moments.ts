import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/rig.ts';
import type { Dice } from '../../sim/kernel/dice.ts';
import { marks, newest } from './fleet-records.ts';
import { inStep, servicesOn, type KillRig } from './kill-rig.ts';

/** Lets an edit flow and returns at the moment at which the controller is to die. */
export type Moment = (world: KillRig, dice: Dice) => Promise<void>;

const limitMs = 30_000;

/** The first change of a file whose name fits, in a folder, from now on. */
async function touched(folder: string, fits: (name: string) => boolean, act: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const watcher = watch(folder, (_event, name) => {
    if (name !== null && fits(name)) resolve(undefined);
  });
  watcher.once('error', reject);
  const late = setTimeout(() => {
    reject(new Error(`${folder}: nothing was written within ${String(limitMs / 1000)} s`));
  }, limitMs);
  try {
    act();
    await promise;
  } finally {
    clearTimeout(late);
    watcher.close();
  }
}

/** Moments at which a controller is killed, by name; each is found by what is seen of it, not by a time. */
export const moments: Readonly<Record<string, Moment>> = {
  /** The one that is a time: anywhere in the quarter of a second after an edit. */
  'after an edit': async (world, dice) => {
    world.edit();
    await delay(dice.int(0, 250));
  },
  'while a receiver holds its lock': async (world, dice) => {
    const index = dice.int(0, 4);
    const before = marks(world.rig, index).length;
    world.edit();
    await until('a node has accepted it', () => marks(world.rig, index).length > before, limitMs);
  },
  'while a node stands still in the middle of its push': async (world, dice) => {
    const index = dice.int(0, 1);
    await world.rig.node(index).freeze('sessions');
    const name = world.edit();
    const other = 1 - index;
    await until('another node has it', () => servicesOn(world.rig, other).includes(name), limitMs);
  },
  'between two batches of a rollout': async (world) => {
    const name = world.edit();
    const has = (index: number): boolean => servicesOn(world.rig, index).includes(name);
    await until('some nodes have it', () => world.indexes.some(has), limitMs);
  },
  'during a status write': async (world) => {
    await touched(
      world.rig.registry,
      (name) => name.includes('sync-controller-registry'),
      () => world.edit(),
    );
  },
  'during a write of the history': async (world) => {
    await touched(
      join(world.rig.folder, 'state'),
      (name) => name.startsWith('history.db'),
      () => world.edit(),
    );
  },
  'during a durable write': async (world) => {
    await touched(
      join(world.rig.folder, 'state'),
      (name) => name.startsWith('durable.db') || name.startsWith('effective'),
      () => world.edit(),
    );
  },
  'while it starts again after a kill': async (world, dice) => {
    world.edit();
    await until('some node has it', () => world.indexes.some((index) => inStep(world, index)), limitMs);
    await world.daemon.stop('SIGKILL');
    world.daemon = world.rig.daemon();
    const before = newest(world.rig, 0, 'fence')?.epoch ?? 0;
    const signs: readonly (() => boolean)[] = [
      () => existsSync(`/proc/${String(world.daemon.process.pid)}`),
      () => world.daemon.said() !== '',
      () => (newest(world.rig, 0, 'fence')?.epoch ?? 0) > before,
    ];
    await until('it has begun to start', dice.pick(signs), limitMs);
  },
};
