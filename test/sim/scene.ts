import type { Controller } from '../../src/reconcile/controller.ts';
import type { Exchange } from '../../src/transport/transport.ts';
import type { Dice } from './kernel/dice.ts';
import type { SimProcess } from './kernel/process.ts';
import type { World } from './kernel/world.ts';
import { Cluster } from './kube/cluster.ts';
import type { Ended, SimNode, Truth } from './node/node.ts';

/** The sessions and exchanges of one controller, as the checks count them. */
export interface Sessions {
  readonly sessions: ReadonlyMap<string, unknown>;
  readonly flights: ReadonlySet<unknown>;
}

/** Everything that stands around the controllers of one run. */
export class Scene {
  readonly world: World;
  readonly cluster: Cluster;
  readonly network: Dice;
  readonly nodes = new Map<string, SimNode>();
  readonly transports = new Map<SimProcess, Sessions>();
  readonly counts = { exchanges: 0, applies: 0, probes: 0, installs: 0, fenced: 0, expired: 0, goneBack: 0 };
  /** What each controller was last told of each node, for the check that `active` was true when it was said. */
  readonly known = new Map<SimProcess, Map<string, Truth>>();
  onServed: (process: SimProcess, controller: Controller) => void = () => undefined;
  onSent: (process: SimProcess, node: SimNode, exchange: Exchange) => void = () => undefined;
  onAsked: (process: SimProcess, exchange: Exchange) => void = () => undefined;
  onDelivered: (process: SimProcess, truth: Truth) => void = () => undefined;
  onAnswered: (node: SimNode, ended: Ended) => void = () => undefined;

  constructor(world: World) {
    this.world = world;
    this.cluster = new Cluster(world);
    this.network = world.dice.fork('network');
  }

  served(process: SimProcess, controller: Controller): void {
    this.onServed(process, controller);
  }

  sent(process: SimProcess, node: SimNode, exchange: Exchange): void {
    this.counts.exchanges += 1;
    this.onSent(process, node, exchange);
  }

  answered(node: SimNode, ended: Ended): void {
    this.onAnswered(node, ended);
  }

  delivered(process: SimProcess, node: SimNode, truth: Truth): void {
    const known = this.known.get(process) ?? new Map<string, Truth>();
    this.known.set(process, known);
    known.set(node.address, truth);
    this.onDelivered(process, truth);
  }
}

let present: Scene | undefined;

/** Makes a scene the one that the ports speak to. */
export function play(scene: Scene): void {
  present = scene;
}

/** The scene of this run. */
export function theScene(): Scene {
  if (present === undefined) throw new Error('no scene');
  return present;
}
