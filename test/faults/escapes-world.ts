// What an attempt to misuse the restricted key works with: a node that it is installed on, and one without restrictions to prove that the attempt is a real one.
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { NodeId } from '../../src/model/node.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { startRig, type Rig } from '../e2e/rig.ts';
import { runProgram } from '../fleet/process.ts';
import type { FleetNode } from '../fleet/types.ts';
import { hostsBlock, request, type Ask } from '../receiver/harness.ts';

const { Client } = ssh2;
export const receive = '/usr/local/lib/sync-controller/receive';

interface Fence {
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
}

/** One side of an attempt: a node, and the ways to it that somebody with the key has. */
export class Way {
  readonly rig: Rig;
  readonly node: FleetNode;
  readonly cluster: string;
  private known: Fence = { epoch: 0, writer: '', seq: 0 };

  constructor(rig: Rig, index: number) {
    this.rig = rig;
    this.node = rig.node(index);
    const owners = readFileSync(
      join(this.node.rootDir, 'var/lib/sync-controller/owners/%2Fetc%2Fhosts'),
      'utf8',
    );
    this.cluster = owners.split(' ')[2] ?? '';
  }

  /** The options of a client that has the key and nothing else. */
  get options(): readonly string[] {
    const settings = {
      ...{ BatchMode: 'yes', IdentitiesOnly: 'yes', StrictHostKeyChecking: 'yes', LogLevel: 'INFO' },
      ...{ UserKnownHostsFile: this.rig.fleet.knownHosts, GlobalKnownHostsFile: '/dev/null' },
      ConnectTimeout: '10',
    };
    return [
      ...['-F', 'none', '-i', this.rig.fleet.clientKey],
      ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  get login(): string {
    return `${this.node.user}@${this.node.address}`;
  }

  /** Runs a program of this machine to its end and answers all that it said, and its exit code. */
  async program(argv: readonly string[], stdin: string | Uint8Array = ''): Promise<string> {
    const ran = await runProgram(['timeout', '30', ...argv], { stdin });
    return `${ran.stdout}\n${ran.stderr}\n[exit ${String(ran.code)}]`;
  }

  /** The OpenSSH client with more flags, and a command where one is given. */
  ssh(
    flags: readonly string[],
    command: readonly string[],
    stdin: string | Uint8Array = '',
  ): Promise<string> {
    return this.program(['ssh', ...this.options, ...flags, this.login, '--', ...command], stdin);
  }

  /** What a push does, with the bytes of somebody else. */
  say(stdin: string | Uint8Array): Promise<string> {
    return this.ssh([], [receive], stdin);
  }

  /** Bytes of a request that the node would accept as it is. */
  request(ask: Ask = {}): Buffer {
    const fence = this.fence();
    return encodeRequest(
      request({
        cluster: this.cluster,
        node: `worker_nodes@${this.node.address}` as NodeId,
        ...{ epoch: fence.epoch, writer: fence.writer, seq: fence.seq + 1, deadlineMs: 5_000 },
        document: ask.mode === undefined ? this.document('10.9.9.9\tevil.testcloud.local') : undefined,
        ...ask,
      }),
    );
  }

  document(...lines: readonly string[]): string {
    return hostsBlock(lines, this.cluster);
  }

  /** The same with tokens of its line replaced; positions count from 1, as in docs/protocol.md. */
  line(tokens: Readonly<Record<number, string>>, ask: Ask = {}): Buffer {
    const bytes = this.request(ask);
    const end = bytes.indexOf('\n');
    const words = bytes.subarray(0, end).toString().split(' ');
    for (const [position, word] of Object.entries(tokens)) words[Number(position) - 1] = word;
    return Buffer.concat([Buffer.from(words.join(' ')), bytes.subarray(end)]);
  }

  /** What the node last accepted, also while its record is out of place. */
  fence(): Fence {
    const file = join(this.node.rootDir, `var/lib/sync-controller/clusters/${this.cluster}/hosts/journal`);
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return this.known;
    const last = readFileSync(file, 'utf8')
      .split('\n')
      .findLast((text) => text.startsWith('SC1 fence '));
    const [, , epoch, writer, seq] = last?.split(' ') ?? [];
    this.known = { epoch: Number(epoch), writer: writer ?? '', seq: Number(seq) };
    return this.known;
  }

  /** The protocol itself, where the OpenSSH client would not ask for what we ask for. */
  async client(
    work: (client: ssh2.Client, done: (said: string) => void) => void,
    more: Partial<ssh2.ConnectConfig> = {},
  ): Promise<string> {
    const client = new Client();
    const { promise, resolve } = Promise.withResolvers<string>();
    const limit = setTimeout(() => {
      resolve('[nothing within 10 s]');
    }, 10_000);
    client.on('error', (error) => {
      resolve(`[error] ${error.message}`);
    });
    client.on('ready', () => {
      work(client, resolve);
    });
    client.connect({
      ...{ host: this.node.address, port: 22, username: this.node.user },
      privateKey: readFileSync(this.rig.fleet.clientKey),
      ...more,
    });
    return promise.finally(() => {
      clearTimeout(limit);
      client.end();
    });
  }

  /** Everything on the node that no attempt may change, one line a file. */
  async state(): Promise<readonly string[]> {
    const own = 'lib/sync-controller';
    const ran = await this.node.run(
      [
        `find /etc /root /home -printf '%p %y %m %U:%G %l\\n'`,
        `find /etc /root /home /usr/local/${own} -type f -print0 | xargs -0 sha256sum`,
        `find /usr/local -printf '%p %y %m %U:%G %s %C@ %l\\n' | sort | sha256sum`,
        `find /var/${own} -type f ! -name lock -print0 | xargs -0 sha256sum`,
        `find /tmp /var/tmp /dev/shm /run -name '*escaped*'`,
        `awk '$4 == "0A" {print "listens", $2}' /proc/net/tcp /proc/net/tcp6`,
      ].join('; '),
    );
    if (ran.code !== 0) throw new Error(`the state of ${this.node.name}: ${ran.stderr}`);
    return ran.stdout.split('\n').toSorted();
  }
}

/** Starts the two nodes; on the first the key is the one of docs/operations.md. */
export async function startWorld(): Promise<{ readonly rig: Rig; readonly held: Way; readonly free: Way }> {
  const rig = await startRig({
    nodes: [
      { type: 'worker_nodes', name: 'held' },
      { type: 'worker_nodes', name: 'free' },
    ],
  });
  const pushed = await rig.syncctl(['push']);
  if (pushed.code !== 0) throw new Error(`the first push: ${pushed.stdout}${pushed.stderr}`);
  for (const index of [0, 1]) {
    // As permissive as a server can be without accepting variables: what holds must hold by the key alone.
    const options = [
      ...['AllowTcpForwarding', 'AllowStreamLocalForwarding', 'AllowAgentForwarding', 'PermitTunnel'],
      ...['X11Forwarding', 'PermitTTY', 'PermitUserRC', 'GatewayPorts'],
    ].map((name) => `${name} yes\n`);
    writeFileSync(
      join(rig.node(index).rootDir, 'etc/ssh/sshd_config.d/05-open.conf'),
      `${options.join('')}AcceptEnv LANG LC_*\n`,
    );
    await rig.node(index).setSshdOption('MaxStartups', '100');
  }
  const { rootDir, user } = rig.node(0);
  const keys = join(rootDir, `home/${user}/.ssh/authorized_keys`);
  writeFileSync(keys, `restrict,command="sudo -n ${receive}" ${readFileSync(keys, 'utf8')}`);
  writeFileSync(join(rootDir, 'etc/sudoers.d/fleet'), `${user} ALL=(root) NOPASSWD: ${receive} ""\n`);
  return { rig, held: new Way(rig, 0), free: new Way(rig, 1) };
}
