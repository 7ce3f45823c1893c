// A rig for faults: short limits, and one push told in the words of the report.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
import { fileOn, startRig, until, type Ran, type Rig } from '../e2e/rig.ts';
import type { FleetNode } from '../fleet/types.ts';
import { startProxy, type Proxy } from './proxy.ts';

/** Limits that end a test early; each is one that an admin can set. */
const limits = [
  ...['  dialMs: 2000', '  readyMs: 4000', '  channelMs: 2000', '  warmChannelMs: 1000'],
  ...['  stallMs: 2000', '  keepaliveMs: 1000'],
].join('\n');

/** Two workers with the receiver and a first block. */
export async function startFaultsRig(): Promise<Rig> {
  const rig = await startRig({
    nodes: [
      { type: 'worker_nodes', name: 'broken' },
      { type: 'worker_nodes', name: 'whole' },
    ],
    settings: 'retry:\n  delayMs: 200\n  attempts: 2\npush:\n  deadlineMs: 8000\n',
  });
  writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('ssh:\n', `ssh:\n${limits}\n`));
  const first = await rig.syncctl(['push']);
  if (first.code !== 0) throw new Error(`the first push: ${first.stdout}${first.stderr}`);
  return rig;
}

/** Leads the row of one node to another place. */
export function moveRow(rig: Rig, name: string, to: { readonly ip: string; readonly port: number }): void {
  rig.edit('sync-controller-registry', 'registry.json', (rows: { worker_nodes: Row[] }) => ({
    ...rows,
    worker_nodes: rows.worker_nodes.map((row) =>
      row.name === name
        ? { ...row, ip: to.ip, sync_controller: { ...row.sync_controller, ssh_port: to.port } }
        : row,
    ),
  }));
}
interface Row {
  readonly name: string;
  readonly sync_controller: object;
}

/** Puts a proxy in front of a node, and the row of `broken` in front of that. */
export async function wire(rig: Rig, index = 0): Promise<Proxy> {
  const proxy = await startProxy({
    host: rig.fleet.controllerAddress,
    to: { host: rig.node(index).address, port: 22 },
  });
  moveRow(rig, 'broken', { ip: proxy.host, port: proxy.port });
  return proxy;
}

let edits = 0;

/** A new name in the registry; answers the line that nodes will have. */
export function edit(rig: Rig): string {
  edits += 1;
  const name = `edit${String(edits)}`;
  rig.edit('service-registry', 'services.json', (services: object) => ({
    ...services,
    [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
  }));
  return `${name}.testcloud.local`;
}

/** What `syncctl push -o json` says of each node. */
export async function push(rig: Rig, ...words: readonly string[]): Promise<Record<string, NodeReport>> {
  const ran = await rig.syncctl(['push', '-o', 'json', ...words]);
  if (ran.stdout === '') throw new Error(ran.stderr);
  return Object.fromEntries((JSON.parse(ran.stdout) as PushReport).nodes.map((node) => [node.name, node]));
}

/** What the push says of the node whose wire or disk is broken. */
export async function pushed(rig: Rig): Promise<NodeReport> {
  const report = (await push(rig, 'broken'))['broken'];
  if (report === undefined) throw new Error('no report of broken');
  return report;
}

/** Runs the remedy that a report names, as an admin who copies it would. */
export async function mend(rig: Rig, report: NodeReport): Promise<Ran> {
  const { remedy } = report;
  if (remedy?.startsWith('syncctl ') !== true) throw new Error(`no command: ${String(remedy)}`);
  return rig.syncctl(remedy.split(' ').slice(1));
}

/** Runs a remedy that is a shell command on the node, such as `ssh node@10.0.0.1 df -h`, with the key of the fleet. */
export function look(rig: Rig, report: NodeReport): string {
  const [program = '', ...words] = (report.remedy ?? '').split(' ');
  const options = ['-F', 'none', '-i', rig.fleet.clientKey, '-o', 'BatchMode=yes'];
  const known = ['-o', `UserKnownHostsFile=${rig.fleet.knownHosts}`];
  return execFileSync(program, [...options, ...known, ...words], { encoding: 'utf8' });
}

/** The hosts file of a node. */
export function hosts(rig: Rig, index = 0): string {
  return fileOn(rig.node(index), 'etc/hosts');
}

const receiver = '/usr/local/lib/sync-controller/receive-1.0.0';

/** A receiver that will stand still at a named step of its work. */
export interface Hold {
  /** Resolves when one stands there. */
  reached(): Promise<void>;
  /** It goes on, and the receiver is again as it was installed. */
  release(): Promise<void>;
}

/** Makes the receiver of a node wait at one of the steps that scripts/receiver names. */
export async function holdAt(node: FleetNode, step: string): Promise<Hold> {
  const shell = async (command: string): Promise<string> => {
    const ran = await node.run(command);
    if (ran.code !== 0) throw new Error(`${command}: ${ran.stderr}`);
    return ran.stdout;
  };
  const wait = `[[ $1 != ${step} || ! -e /run/hold ]] || { : >|/run/held; while [[ -e /run/hold ]]; do sleep 0.05; done; }; return 0 # held`;
  // A new file in its place: a shell that runs reads the old one to its end.
  await shell(
    `touch /run/hold; cp -p ${receiver} ${receiver}.sound; sed -i '/^step() {$/a\\${wait}' ${receiver}; grep -q '# held$' ${receiver}`,
  );
  return {
    reached: () =>
      until(`the receiver is at ${step}`, async () => (await node.run('test -e /run/held')).code === 0),
    release: async () => {
      await shell(`rm -f /run/hold /run/held; mv ${receiver}.sound ${receiver}`);
    },
  };
}
