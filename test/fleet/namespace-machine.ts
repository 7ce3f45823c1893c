import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostKeySet } from './keys.ts';
import type { SshKey } from './keys.ts';
import type { Login } from './layout.ts';
import { allProcesses, namespaceOf, pidFileOf, signal, statusOf } from './machine.ts';
import type { Machine } from './machine.ts';
import { emptyTemporary, writeDisk } from './node-disk.ts';
import { mustRun, runProgram, until } from './process.ts';
import { CLEAN_ENV } from './site.ts';
import type { Site } from './site.ts';
import type { CommandResult, NodeSpec, RunOptions } from './types.ts';

/** Where a node is on its fleet's wire. */
export interface Place {
  readonly site: Site;
  readonly index: number;
  /** True where the node is told the host's hardware address instead of asking for it. */
  readonly knowsHost?: boolean;
}

/** A node that is an overlay of this machine's root in namespaces of its own. */
export class NamespaceMachine implements Machine {
  readonly site: Site;
  readonly name: string;
  readonly user: string;
  readonly address: string;
  readonly address6: string;
  readonly mac: string;
  /** The node's end on the bridge. */
  readonly port: string;
  hostKeys: readonly SshKey[] = [];
  bootId = '';
  #pid: number | undefined;
  readonly #index: number;
  readonly #knowsHost: boolean;

  constructor({ site, index, knowsHost = false }: Place, spec: NodeSpec) {
    const host = index + 2;
    const [high, low] = [host >> 8, host & 255];
    this.site = site;
    this.#index = index;
    this.#knowsHost = knowsHost;
    this.name = spec.name ?? `node-${String(index + 1)}`;
    this.user = spec.user ?? 'node';
    this.address = `10.213.${String(site.subnet * 4 + high)}.${String(low)}`;
    this.address6 = `fd00:213:${String(site.subnet)}::${host.toString(16)}`;
    this.mac = `02:53:43:${[site.subnet, high, low].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
    this.port = `port${String(index)}`;
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error(`fleet: ${this.name} is powered off; call powerOn() first`);
    return this.#pid;
  }

  get rootDir(): string {
    return `/proc/${String(this.pid)}/root`;
  }

  get sshdDir(): string {
    return join(this.rootDir, 'etc/ssh');
  }

  get authorizedKeys(): readonly string[] {
    const homes = this.user === 'root' ? ['root'] : ['root', `home/${this.user}`];
    return homes.map((home) => `${home}/.ssh/authorized_keys`);
  }

  /** The node's folder, seen from this host; its disk is `upper`, also while the node is off. */
  get #folder(): string {
    return join(this.site.storage, 'nodes', String(this.#index));
  }

  /** Writes the node's own files; once, before the first start. */
  async install(spec: NodeSpec, login: Login): Promise<void> {
    this.hostKeys = await hostKeySet(`root@${this.name}`, this.#index);
    const { name, mac, address, address6, hostKeys } = this;
    const host = this.#knowsHost ? await this.#host() : undefined;
    const disk = {
      name,
      index: this.#index,
      site: `${this.site.dir}/site`,
      hostKeys,
      wire: { mac, address, address6, ...(host === undefined ? {} : { host }) },
    };
    await writeDisk(this.#folder, disk, spec, login);
  }

  /** The host as a neighbour: address and hardware address. */
  async #host(): Promise<string> {
    const mac = await readFile(`/sys/class/net/${this.site.link}/address`, 'utf8');
    return `10.213.${String(this.site.subnet * 4)}.1 lladdr ${mac.trim()}`;
  }

  async powerOn(): Promise<void> {
    if (this.#pid !== undefined) return;
    if (this.bootId !== '') await this.#afterCrash();
    this.bootId = randomUUID();
    await writeFile(join(this.#folder, 'boot_id'), `${this.bootId}\n`);
    const pid = await this.site.start(this.#index).catch(async (error: unknown) => {
      const log = await readFile(join(this.#folder, 'start.log'), 'utf8').catch(() => '');
      throw new Error(`fleet: ${this.name} did not start: ${log.trim()}`, { cause: error });
    });
    this.#pid = pid;
    void this.site.down(this.#index).then(() => {
      if (this.#pid === pid) this.#pid = undefined;
    });
    await this.#listening();
  }

  async powerOff(): Promise<void> {
    const pid = this.#pid;
    if (pid === undefined) return;
    // The link first: nobody may see connections being closed in good order.
    await runProgram(this.site.inside(['ip', 'link', 'delete', this.port]));
    signal(pid, 'SIGKILL');
    await this.site.down(this.#index);
    this.#pid = undefined;
  }

  /** A killed node's link may outlive it for a moment; its name is needed again. */
  async #afterCrash(): Promise<void> {
    await runProgram(this.site.inside(['ip', 'link', 'delete', this.port]));
    await emptyTemporary(this.#folder);
  }

  processes(): readonly number[] {
    const own = namespaceOf(this.pid, 'pid');
    if (own === undefined) return [];
    return allProcesses().filter((pid) => pid !== this.pid && namespaceOf(pid, 'pid') === own);
  }

  listener(): number | undefined {
    const inner = pidFileOf(this);
    if (inner === undefined) return undefined;
    const isInner = (pid: number): boolean => Number(statusOf(pid, 'NSpid')?.split(/\s+/).at(-1)) === inner;
    return this.processes().find((pid) => isInner(pid) && statusOf(pid, 'Name') === 'sshd');
  }

  async launchSshd(): Promise<void> {
    await mustRun(this.insideAll(['/usr/sbin/sshd', '-E', '/run/sshd.log']));
    await this.#listening();
  }

  /** Turns a command into one that runs in the node's network, with this machine's files. */
  insideNetwork(argv: readonly string[]): readonly string[] {
    return ['nsenter', `--net=/proc/${String(this.pid)}/ns/net`, '--', ...argv];
  }

  insideAll(argv: readonly string[]): readonly string[] {
    return ['nsenter', '-t', String(this.pid), '-m', '-u', '-i', '-n', '-p', '--', ...argv];
  }

  exec(argv: readonly string[], { user = 'root', stdin = '' }: RunOptions = {}): Promise<CommandResult> {
    const as = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--'];
    const home = user === 'root' ? '/root' : `/home/${user}`;
    const env = { ...CLEAN_ENV, HOME: home, USER: user, LOGNAME: user };
    return runProgram(this.insideAll([...(user === 'root' ? [] : as), ...argv]), { stdin, env });
  }

  #listening(): Promise<void> {
    return until(`sshd of ${this.name} listens`, () => pidFileOf(this) !== undefined);
  }
}
