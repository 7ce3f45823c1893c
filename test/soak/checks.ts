import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetNode } from '../fleet/types.ts';
import type { World } from './world.ts';

interface Fence {
  readonly epoch: number;
  readonly seq: number;
}

const block = /^# BEGIN sync-controller [^\n]*\n(?<inside>[\s\S]*?)^# END sync-controller [^\n]*\n/mu;

/** What each node showed before, and what it may never do. */
export class Checks {
  readonly #world: World;
  readonly #outside = new Map<FleetNode, string>();
  readonly #fences = new Map<FleetNode, Fence>();
  looks = 0;

  constructor(world: World) {
    this.#world = world;
    for (const node of world.rig.fleet.nodes) this.#outside.set(node, outsideOf(hostsOf(node) ?? ''));
  }

  /** I1 and I7, at any moment: the fence never goes back, and bytes outside our marks never change. */
  always(): readonly string[] {
    return this.#world.rig.fleet.nodes.flatMap((node) => {
      this.looks += 1;
      const told: string[] = [];
      const fence = fenceOf(node);
      const before = this.#fences.get(node);
      if (fence !== undefined && before !== undefined && isBelow(fence, before))
        told.push(`I1: ${node.name} went back from ${textOf(before)} to ${textOf(fence)}`);
      if (fence !== undefined) this.#fences.set(node, fence);
      const text = hostsOf(node);
      if (text !== undefined && outsideOf(text) !== this.#outside.get(node))
        told.push(`I7: ${node.name} lost bytes outside the block`);
      return told;
    });
  }

  /** Every node holds exactly what the registry says. @returns the first that does not. */
  behind(): string | undefined {
    const wanted = Object.values(this.#world.services)
      .map(({ subdomain, ip }) => `${ip}\t${subdomain}.testcloud.local`)
      .sort();
    for (const node of this.#world.rig.fleet.nodes) {
      const inside = block.exec(hostsOf(node) ?? '')?.groups?.['inside'] ?? '';
      const lines = inside.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      if (lines.sort().join('\n') !== wanted.join('\n'))
        return `${node.name}: expected ${String(wanted.length)} names, got ${String(lines.length)}`;
    }
    return undefined;
  }

  /** I3: who is called active and verified holds the bytes of the plan; asked when nothing moves. */
  async honest(): Promise<readonly string[]> {
    const { nodes } = await this.#world.status();
    const wrong = this.behind();
    const active = nodes.filter(({ state, verified }) => state === 'active' && verified).length;
    return wrong === undefined || active < nodes.length ? [] : [`I3: all are active, but ${wrong}`];
  }

  /** No program of ours runs on an idle node but a receiver that stays, and none has left a temp file. */
  async tidy(resident: boolean): Promise<readonly string[]> {
    const told = await Promise.all(
      this.#world.rig.fleet.nodes.map(async (node) => {
        const found = await node.run(leftovers);
        const [receivers = '', ...files] = found.stdout.trim().split('\n');
        const extra =
          Number(receivers) > (resident ? 1 : 0) ? [`${node.name}: ${receivers} receivers still run`] : [];
        return [...extra, ...files.filter((file) => file !== '').map((file) => `${node.name}: left ${file}`)];
      }),
    );
    return told.flat();
  }
}

const leftovers = `pgrep -fc '^/bin/bash -p /usr/local/lib/[s]ync-controller/receive' || true
find /etc /tmp /run /var/lib/sync-controller -xdev -name '.sync-controller.*' 2>/dev/null || true`;

function hostsOf(node: FleetNode): string | undefined {
  try {
    return readFileSync(join(node.rootDir, 'etc/hosts'), 'utf8');
  } catch {
    return undefined;
  }
}

function outsideOf(text: string): string {
  return text.replace(block, '').trimEnd();
}

function fenceOf(node: FleetNode): Fence | undefined {
  try {
    const clusters = join(node.rootDir, 'var/lib/sync-controller/clusters');
    const [cluster = ''] = readdirSync(clusters);
    const text = readFileSync(join(clusters, cluster, 'hosts/journal'), 'utf8');
    const [, epoch, seq] = [...text.matchAll(/^SC1 fence (\d+) \S+ (\d+) /gmu)].at(-1) ?? [];
    return epoch === undefined ? undefined : { epoch: Number(epoch), seq: Number(seq) };
  } catch {
    return undefined;
  }
}

function isBelow(one: Fence, other: Fence): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.seq < other.seq);
}

function textOf({ epoch, seq }: Fence): string {
  return `${String(epoch)}/${String(seq)}`;
}
