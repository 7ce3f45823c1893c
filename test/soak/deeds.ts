import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Services, World } from './world.ts';

const atMost = 40;
const atLeast = 12;

/** One save of an admin: a name more, less, or somewhere else. Small ones, which no guard holds. */
export function edit(world: World): void {
  const { dice } = world;
  const names = Object.keys(world.services);
  const chance = dice.unit();
  const services: Services = { ...world.services };
  if (names.length < atLeast || (chance < 0.4 && names.length < atMost)) {
    const name = `s${String(dice.below(1_000_000))}`;
    services[name] = { subdomain: name, ip: addressOf(world), port: 80 };
  } else if (chance < 0.6) {
    Reflect.deleteProperty(services, dice.pick(names));
  } else {
    const name = dice.pick(names);
    services[name] = { subdomain: name, port: 80, ...services[name], ip: addressOf(world) };
  }
  world.services = services;
  world.save();
}

function addressOf({ dice }: World): string {
  return `100.76.${String(dice.below(200) + 1)}.${String(dice.below(200) + 1)}`;
}

/** Somebody or something damages the registry: nothing may come of it. The next save is whole again. */
export function damage(world: World): void {
  const file = join(world.rig.registry, 'service-registry.json');
  const ways = [
    () => {
      writeFileSync(file, '{"apiVersion": "v1", "kind": "Conf');
    },
    () => {
      writeFileSync(file, '');
    },
    () => {
      rmSync(file, { force: true });
    },
  ];
  world.dice.pick(ways)();
}

/** A save that makes a damaged file whole. */
export function restore(world: World): void {
  const file = join(world.rig.registry, 'service-registry.json');
  const data = { 'services.json': JSON.stringify(world.services, null, 2) };
  const metadata = { name: 'service-registry', namespace: 'kube-system' };
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, null, 2));
}

/** Exit codes that a command may end with on a bad day; anything else is a defect. */
const codes: ReadonlySet<number | null> = new Set([0, 1, 2, 3, 4, 65, 66, 69, 73, 74, 75]);

/** One command of an admin. @returns what was wrong with how it ended. */
export async function command(world: World, counts: Map<string, number>): Promise<string | undefined> {
  const { dice, rig } = world;
  const node = `n${String(dice.below(rig.fleet.nodes.length)).padStart(3, '0')}`;
  const words = dice.pick([
    ['push', node],
    ['push', node, '-o', 'json'],
    ['plan'],
    ['health'],
    ['status', '-o', 'json'],
    ['pause', node, '--reason', 'soak'],
    ['resume', node],
    ['pause', '--all', '--reason', 'soak'],
    ['resume'],
    ['rollback', 'previous', '--reason', 'soak', '--yes'],
    ['history'],
  ]);
  const verb = words[0] ?? '';
  counts.set(verb, (counts.get(verb) ?? 0) + 1);
  const ran = await rig.syncctl(words);
  if (verb === 'rollback' && ran.code === 0) world.services = writtenBack(world);
  if (codes.has(ran.code) && !/internal error|at .*\.ts:\d+/u.test(ran.stderr)) return undefined;
  return `syncctl ${words.join(' ')} ended with ${String(ran.code)}: ${ran.stderr.slice(0, 300)}`;
}

/**
 * What the registry says after a rollback. Where its file was gone, the command has made one of its own, which takes the place of the
 * old one; one that was damaged at that moment, and was in the revision, too, says nothing.
 */
function writtenBack(world: World): Services {
  const made = join(world.rig.registry, 'service-registry.yaml');
  try {
    if (!existsSync(made)) return world.rig.read('service-registry', 'services.json') as Services;
    const { data } = parse(readFileSync(made, 'utf8')) as { data: Record<string, string> };
    world.services = JSON.parse(data['services.json'] ?? '{}') as Services;
    rmSync(made);
    restore(world);
    return world.services;
  } catch {
    return world.services;
  }
}
