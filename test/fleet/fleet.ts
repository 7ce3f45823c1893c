import { join } from 'node:path';
import { fleetAvailable } from './availability.ts';
import { nth, onlyOnce, writeClient } from './client.ts';
import { ed25519Key } from './keys.ts';
import { writeTemplate } from './layout.ts';
import { startLoopbackFleet } from './loopback.ts';
import { NamespaceMachine } from './namespace-machine.ts';
import { namespaceNode } from './node.ts';
import { mustRun } from './process.ts';
import { Site } from './site.ts';
import { ALL_CAPABILITIES } from './types.ts';
import type { Fleet, FleetOptions, NodeSpec } from './types.ts';

/** One start uses several processes in turn; more at once than cores only makes each later. */
const STARTS_AT_ONCE = 4;

/**
 * From so many on, a node is worth a second start, since on a busy machine one of hundreds fails for no fault of its own, and
 * neighbours are told instead of asked for: the kernel's table of learned ones holds 1024 for all namespaces together.
 */
const MANY = 250;

/** Starts N machines with an SSH server each; see README.md for what they are made of. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const specs = specsOf(options.nodes);
  const mode = options.mode ?? 'auto';
  const full = fleetAvailable('namespaces');
  if (mode === 'namespaces' && !full.available) throw new Error(`fleet: ${full.reason}`);
  if (mode === 'loopback' || !full.available) return startLoopbackFleet(specs, options.sshdOptions ?? {});
  const site = await Site.open(options.storage ?? 'tmpfs');
  try {
    return await buildFleet(site, specs, options);
  } catch (error) {
    await site.close();
    throw error;
  }
}

async function buildFleet(site: Site, specs: readonly NodeSpec[], options: FleetOptions): Promise<Fleet> {
  const key = ed25519Key('fleet-client');
  const login = { user: 'node', shell: '/bin/bash', publicKey: key.publicLine };
  await writeTemplate(join(site.storage, 'template'), login, options.sshdOptions ?? {});
  const controllerAddress = `10.213.${String(site.subnet * 4)}.1`;
  const machines: NamespaceMachine[] = [];
  const peersOf = (machine: NamespaceMachine) => (): readonly string[] => [
    ...[controllerAddress, `fd00:213:${String(site.subnet)}::1`],
    ...machines.filter((other) => other !== machine).flatMap((other) => [other.address, other.address6]),
  ];
  const knowsHost = specs.length >= MANY;
  machines.push(...specs.map((spec, index) => new NamespaceMachine({ site, index, knowsHost }, spec)));
  await eachOf(machines, async (machine, index) => {
    const spec = specs[index] ?? {};
    await machine.install(spec, { ...login, user: machine.user, shell: spec.shell ?? login.shell });
    await machine.powerOn().catch((error: unknown) => {
      if (specs.length < MANY) throw error;
      return machine.powerOn();
    });
  });
  if (specs.length >= MANY) await mustRun(['ip', '-batch', '-'], knownNeighbours(site, machines));
  const nodes = machines.map((machine) => namespaceNode(machine, peersOf(machine), key.publicLine));
  return {
    mode: 'namespaces',
    capabilities: ALL_CAPABILITIES,
    nodes,
    node: nth(nodes),
    ...(await writeClient(join(site.dir, 'client'), key.privateFile, nodes)),
    controllerAddress,
    stop: onlyOnce(() => site.close()),
  };
}

function knownNeighbours(site: Site, machines: readonly NamespaceMachine[]): string {
  return machines
    .map(({ address, mac }) => `neigh replace ${address} lladdr ${mac} dev ${site.link} nud permanent\n`)
    .join('');
}

function specsOf(nodes: number | readonly NodeSpec[]): readonly NodeSpec[] {
  const specs: readonly NodeSpec[] =
    typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({})) : nodes;
  if (specs.length > 1000)
    throw new Error(`fleet: ${String(specs.length)} nodes asked for; a fleet's subnet holds 1000`);
  // Both words end up in files that a shell and mount(8) read.
  for (const word of specs.flatMap(({ name = 'node', user = 'node' }) => [name, user])) {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(word))
      throw new Error(`fleet: ${word} is no host or user name, take a-z, 0-9 and -`);
  }
  return specs;
}

async function eachOf<T>(
  items: readonly T[],
  action: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await action(item, index);
  };
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, worker));
}
