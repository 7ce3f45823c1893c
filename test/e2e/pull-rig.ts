// Nodes that fetch their configuration: the rig of every end-to-end test, a listener for nodes, and the service's script in a node.
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FleetNode } from '../fleet/types.ts';
import { freePort } from '../servers/process.ts';
import { certificateIn } from '../support/certificate.ts';
import { fileOn, startRig, type Rig, type RigOptions } from './rig.ts';

export interface PullRig extends Rig {
  readonly port: number;
  /** Has a node of the rig fetch its configuration, and installs what that takes by the line that is printed. */
  join(index: number): Promise<string>;
  /** Runs the service's script on a node, as the timer does. */
  visit(index: number): Promise<void>;
  /** Ends the service's script on a node. */
  leave(index: number): Promise<void>;
  /** What `status` says of a node. */
  stateOf(index: number): Promise<NodeState>;
  hosts(index: number): string;
}

export interface NodeState {
  readonly state: string;
  readonly verified: boolean;
  readonly cause: string | null;
  readonly evidence: string;
  readonly remedy: string | null;
  readonly pull: { readonly here: boolean; readonly lastVisit: string | null } | null;
  readonly hold: { readonly who: string; readonly end: string } | null;
}

/** `more` are lines of the section `pull`, and further sections behind them. */
export async function startPullRig(
  options: Omit<RigOptions, 'settings'> & { readonly pull?: readonly string[]; readonly settings?: string },
): Promise<PullRig> {
  const port = await freePort();
  const { certificate, key } = certificateIn(mkdtempSync(join(tmpdir(), 'sync-controller-pull-')));
  const rig = await startRig({
    nodes: options.nodes,
    ...(options.storage === undefined ? {} : { storage: options.storage }),
  });
  const lines = [
    ...[
      'pull:',
      `  listen: 0.0.0.0:${String(port)}`,
      `  url: https://${controllerAddress(rig.node(0))}:${String(port)}`,
    ],
    ...[`  certificate: ${certificate}`, `  key: ${key}`],
    ...(options.pull ?? []).map((line) => `  ${line}`),
    options.settings ?? '',
  ];
  appendFileSync(rig.settings, lines.join('\n'));
  const run = async (node: FleetNode, command: string): Promise<string> => {
    const ran = await node.run(command);
    expect([command, ran.code, ran.stderr]).toEqual([command, 0, ran.stderr]);
    return ran.stdout;
  };
  return {
    ...rig,
    port,
    join: async (index) => {
      const node = rig.node(index);
      const type = wordOf(options.nodes[index]?.type);
      const added = await rig.syncctl(['node', 'add', node.address, '--type', type, '--pull']);
      expect([added.code, added.stderr]).toEqual([0, added.stderr]);
      const joined = await node.run(`bash -c "$(cat <<'LINE'\n${added.stdout}\nLINE\n)"`);
      expect([joined.code, joined.stdout + joined.stderr]).toEqual([0, joined.stdout + joined.stderr]);
      expect(fileOn(node, 'etc/sync-controller/pull/config')).toContain('url=');
      return added.stdout.trim();
    },
    visit: async (index) => {
      await run(
        rig.node(index),
        'setsid /usr/local/lib/sync-controller/pull-node >>/run/pull.log 2>&1 </dev/null & echo $! >/run/pull.pid',
      );
    },
    leave: async (index) => {
      const node = rig.node(index);
      await node.run(
        'kill $(cat /run/pull.pid) 2>/dev/null; while kill -0 $(cat /run/pull.pid) 2>/dev/null; do sleep 0.05; done; true',
      );
    },
    stateOf: async (index) => {
      const { stdout } = await rig.syncctl(['status', '-o', 'json']);
      const { nodes } = JSON.parse(stdout) as { nodes: (NodeState & { readonly address: string })[] };
      const found = nodes.find(({ address }) => address === rig.node(index).address);
      if (found === undefined) throw new Error(`no status of ${rig.node(index).name}`);
      return found;
    },
    hosts: (index) => fileOn(rig.node(index), 'etc/hosts'),
  };
}

/** The host's end of the network of a node. */
function controllerAddress(node: FleetNode): string {
  const [a, b, third = '0'] = node.address.split('.');
  return `${a ?? ''}.${b ?? ''}.${String(Number(third) & ~3)}.1`;
}

function wordOf(type: string | undefined): string {
  return type === 'vps_nodes' ? 'vps' : type === 'management_laptops' ? 'laptop' : 'worker';
}

/** What a script on a node has said. */
export function saidOn(rig: PullRig, index: number): string {
  return readFileSync(join(rig.node(index).rootDir, 'run/pull.log'), 'utf8');
}
