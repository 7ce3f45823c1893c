import type { World } from '../kernel/world.ts';
import { Consumer } from '../node/consumer.ts';
import { SimNode } from '../node/node.ts';
import type { Scene } from '../scene.ts';
import type { Script } from '../script/action.ts';
import { writeAll } from './registries.ts';
import { idOf, type Truth } from './truth.ts';

const kindsInTurn = ['management_laptops', 'vps_nodes', 'worker_nodes', 'vps_nodes'] as const;

interface Place {
  readonly world: World;
  readonly truth: Truth;
  readonly scene: Scene;
  readonly script: Script;
}

/** The first day: machines, what runs on them, and registries that tell of both. */
export function settle(place: Place): readonly SimNode[] {
  const { world, truth, scene, script } = place;
  for (let n = 1; n <= 9; n += 1) {
    const name = `s${String(n)}`;
    truth.services.set(name, { name, ip: `10.1.0.${String(n)}`, port: 80, public: n % 2 === 0 });
  }
  truth.revise(0);
  const nodes: SimNode[] = [];
  for (let n = 0; n < script.nodes; n += 1) {
    const type = kindsInTurn[n % kindsInTurn.length] ?? 'worker_nodes';
    const address = `100.64.0.${String(n + 1)}`;
    const hostKey = hostKeyOf(address, 1);
    const consumer = type === 'vps_nodes' ? new Consumer(world, address, n % 8 !== 3) : undefined;
    const node = new SimNode(world, { address, type, hostKey, consumer });
    scene.nodes.set(address, node);
    nodes.push(node);
    register(truth, node, { type, name: `n${String(n)}` });
  }
  // One machine may stand in the registry twice.
  const [first] = nodes;
  if (script.twins && first !== undefined) register(truth, first, { type: 'worker_nodes', name: 'n0-again' });
  writeAll(scene.cluster.server, truth);
  return nodes;
}

function register(
  truth: Truth,
  node: SimNode,
  { type, name }: { readonly type: SimNode['type']; readonly name: string },
): void {
  const row = { type, address: node.address, name, pins: [node.hostKey] };
  node.rowIds.push(idOf(row));
  truth.rows.set(idOf(row), row);
}

/** The host key of an address; `turn` counts how often it was made anew. */
export function hostKeyOf(address: string, turn: number): string {
  const text = Buffer.from(`${address} ${String(turn)} host key of the simulator`)
    .toString('base64')
    .replace(/=+$/u, '');
  return `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${text}`;
}
