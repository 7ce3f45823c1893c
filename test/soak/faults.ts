import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetNode } from '../fleet/types.ts';
import type { Dice } from './dice.ts';

/** A way to break a node, and to mend it again. */
interface Fault {
  readonly name: string;
  readonly begin: (node: FleetNode) => Promise<void>;
  readonly end: (node: FleetNode) => Promise<void>;
  /** At most once per node: it leaves something behind that a second one would lie upon. */
  readonly once?: boolean;
}

const nothing = (): Promise<void> => Promise.resolve();

const faults: readonly Fault[] = [
  { name: 'unplug', begin: (node) => node.unplug(), end: (node) => node.plug() },
  { name: 'blackhole', begin: (node) => node.blackhole(), end: (node) => node.unblackhole() },
  { name: 'deaf', begin: (node) => node.blackhole('to-node'), end: (node) => node.unblackhole() },
  { name: 'sshd stopped', begin: (node) => node.stopSshd(), end: (node) => node.startSshd() },
  {
    name: 'sshd stopped, sessions live',
    begin: (node) => node.stopSshd({ keepSessions: true }),
    end: (node) => node.startSshd(),
  },
  { name: 'frozen', begin: (node) => node.freeze(), end: (node) => node.thaw() },
  { name: 'sessions frozen', begin: (node) => node.freeze('sessions'), end: (node) => node.thaw() },
  {
    name: 'disk full',
    begin: fillBetweenWrites,
    end: (node) => node.freeDisk('/etc'),
    once: true,
  },
  { name: 'reboot', begin: (node) => node.reboot(), end: nothing },
  {
    name: 'edited by hand',
    begin: async (node) => {
      await node.run("sed -i '/testcloud.local/{d;q}' /etc/hosts || true");
    },
    end: nothing,
  },
];

/** The full disk that takes the place of /etc is a copy of it; one that is made in the middle of a write is no fault that a disk can have. */
async function fillBetweenWrites(node: FleetNode): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    await node.freeze();
    try {
      const writing = readdirSync(join(node.rootDir, 'etc')).some((name) =>
        name.startsWith('.sync-controller.'),
      );
      if (!writing) {
        await node.fillDisk('/etc');
        return;
      }
    } finally {
      await node.thaw();
    }
    await delay(50);
  }
  throw new Error(`${node.name}: /etc was never without a write under way`);
}

/** Breaks nodes at random, one fault per node at a time, and mends all of them when the calm begins. */
export class Faults {
  readonly #dice: Dice;
  readonly #nodes: readonly FleetNode[];
  readonly #broken = new Map<FleetNode, Fault>();
  readonly #marked = new Set<FleetNode>();
  readonly counts = new Map<string, number>();

  constructor(nodes: readonly FleetNode[], dice: Dice) {
    this.#nodes = nodes;
    this.#dice = dice;
  }

  /** Breaks a sound node, unless a third of them is broken already. */
  async strike(): Promise<void> {
    const sound = this.#nodes.filter((node) => !this.#broken.has(node));
    if (sound.length <= (this.#nodes.length * 2) / 3) return;
    const node = this.#dice.pick(sound);
    const fault = this.#dice.pick(faults);
    // A disk that was laid over /etc does not survive a reboot: what the node wrote there is gone.
    if (this.#marked.has(node) && (fault.once === true || fault.name === 'reboot')) return;
    if (fault.once === true) this.#marked.add(node);
    this.#broken.set(node, fault);
    this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1);
    await fault.begin(node);
  }

  /** Mends one node. */
  async ease(): Promise<void> {
    const broken = [...this.#broken.keys()];
    if (broken.length > 0) await this.#mend(this.#dice.pick(broken));
  }

  async mendAll(): Promise<void> {
    for (const node of [...this.#broken.keys()]) await this.#mend(node);
  }

  async #mend(node: FleetNode): Promise<void> {
    const fault = this.#broken.get(node);
    this.#broken.delete(node);
    await fault?.end(node);
  }
}
