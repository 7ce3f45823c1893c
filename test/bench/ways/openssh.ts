// Ways that use the ssh program: the predecessor's three calls in a row, and the same receiver in parallel.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { markers } from '../../../src/plan/hosts-block.ts';
import { hostsBundle } from '../../../src/plan/render-hosts.ts';
import { commandFor } from '../../../src/transport/programs.ts';
import { sshArguments } from '../../fleet/client.ts';
import { runProgram } from '../../fleet/process.ts';
import type { FleetNode } from '../../fleet/types.ts';
import type { Scene } from '../scene.ts';
import { eachOf, lap, type Lap } from '../stats.ts';
import { atOnce } from './floor.ts';
import { mustProve, prepareRequests } from './requests.ts';

export const predecessorPath = '/etc/hosts.predecessor';
const cluster = 'sc-bench-predecessor';

/** Three ssh calls to one node after the other: is it there, write under sudo with the bytes on stdin, look for a word. No fsync, no receiver. */
export async function predecessor(scene: Scene, generation: number): Promise<Lap> {
  const { bytes } = hostsBundle(cluster, scene.entries(generation));
  return whole(async () => {
    for (const node of scene.fleet.nodes) {
      await said(scene, node, 'echo ping');
      await said(scene, node, `sudo -n tee ${predecessorPath} >/dev/null`, { stdin: bytes });
      await said(scene, node, `grep -q '${markers(cluster).end}' ${predecessorPath}`);
    }
  });
}

/** The receiver through the ssh program, many at once, each over a connection of its own. */
export async function parallelCold(scene: Scene, generation: number): Promise<Lap> {
  return parallel(scene, generation, {});
}

/** The same over connections that stay open (ControlMaster); the first call opens them. */
export class ControlMasters {
  private readonly scene: Scene;
  private readonly folder: string;

  constructor(scene: Scene) {
    this.scene = scene;
    this.folder = join(scene.folder, 'cm');
    mkdirSync(this.folder);
  }

  async run(generation: number): Promise<Lap> {
    return parallel(this.scene, generation, this.options());
  }

  async close(): Promise<void> {
    await eachOf(this.scene.fleet.nodes, atOnce, async (node) => {
      const [program = '', ...rest] = sshArguments(this.scene.fleet, node, { ssh: this.options() });
      await runProgram([program, '-O', 'exit', ...rest.slice(0, -1)]);
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private options(): Readonly<Record<string, string>> {
    return { ControlMaster: 'auto', ControlPersist: '600', ControlPath: `${this.folder}/%h` };
  }
}

async function parallel(
  scene: Scene,
  generation: number,
  ssh: Readonly<Record<string, string>>,
): Promise<Lap> {
  const requests = prepareRequests(scene, generation);
  return whole(async () => {
    await eachOf(requests, atOnce, async (request) => {
      const { node, stdin } = request;
      mustProve(request, await said(scene, node, commandFor('receive', node.user), { stdin, ssh }));
    });
  });
}

interface How {
  readonly stdin?: string | Uint8Array;
  readonly ssh?: Readonly<Record<string, string>>;
}

async function said(
  scene: Scene,
  node: FleetNode,
  command: string,
  { stdin, ssh }: How = {},
): Promise<string> {
  const argv = [...sshArguments(scene.fleet, node, ssh === undefined ? {} : { ssh }), command];
  const result = await runProgram(argv, stdin === undefined ? {} : { stdin });
  if (result.code === 0) return result.stdout;
  throw new Error(
    `bench: ssh ${node.name} ${command}: exit ${String(result.code)}: ${result.stderr}${result.stdout}`,
  );
}

/** Other programs do the work, so this process's own CPU says nothing. */
async function whole(work: () => Promise<void>): Promise<Lap> {
  const { ms } = await lap(async () => {
    await work();
    return undefined;
  });
  return { ms };
}
