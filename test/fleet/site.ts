import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { signal } from './machine.ts';
import type { FleetOptions } from './types.ts';

/** The environment of everything that runs on a node: the tester's own variables stay outside. */
export const CLEAN_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** The namespaces of one fleet, held by one process whose standard input is the leash: a dead test lets go of it too. */
export class Site {
  /** The fleet's folder on this host; the client's key lives here, the nodes' disks only inside the namespaces. */
  readonly dir: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #closed = Promise.withResolvers<undefined>();
  readonly #starting = new Map<number, PromiseWithResolvers<number>>();
  readonly #ending = new Map<number, PromiseWithResolvers<undefined>>();
  #words = '';
  #pid = 0;
  #subnet = 0;

  private constructor(dir: string, child: ChildProcessWithoutNullStreams) {
    this.dir = dir;
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#words += chunk.toString()));
    // A site that ended by itself says so through `close`.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => this.#end(error));
    child.on('close', (code) =>
      this.#end(new Error(`fleet: the site ended with ${String(code)}: ${this.#words.trim()}`)),
    );
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
  }

  static async open(storage: NonNullable<FleetOptions['storage']>): Promise<Site> {
    // Mount options are split at commas and colons, so an unusual TMPDIR is not taken.
    const memory = /^[\w./-]+$/.test(tmpdir()) ? tmpdir() : '/tmp';
    // /tmp itself is a tmpfs on many machines, /var/tmp hardly anywhere.
    const base = storage === 'disk' ? '/var/tmp' : memory;
    const dir = await mkdtemp(join(base, 'sync-fleet-'));
    const script = join(import.meta.dirname, 'namespace.sh');
    // Out of the terminal's process group: Ctrl-C must reach the test, and through it the leash.
    const options = { env: CLEAN_ENV, detached: true };
    const site = new Site(dir, spawn('bash', [script, dir, storage, String(process.pid % 64)], options));
    await site.#opened.promise;
    return site;
  }

  /** Host id of the process that holds the namespaces. */
  get pid(): number {
    return this.#pid;
  }

  /** Which /22 of 10.213.0.0/16 is the fleet's. */
  get subnet(): number {
    return this.#subnet;
  }

  /** The host's end of the fleet's network. */
  get link(): string {
    return `scfleet${String(this.#subnet)}`;
  }

  /** The fleet's private file system as seen from this host. */
  get storage(): string {
    return `/proc/${String(this.#pid)}/root${this.dir}/site`;
  }

  /** Turns a command into one that runs in the network that joins the nodes. */
  inside(argv: readonly string[]): readonly string[] {
    return ['nsenter', `--net=/proc/${String(this.#pid)}/ns/net`, '--', ...argv];
  }

  /** Starts node `index` from its folder; answers the host id of its process 1. */
  start(index: number): Promise<number> {
    const up = Promise.withResolvers<number>();
    this.#starting.set(index, up);
    this.#ending.set(index, Promise.withResolvers<undefined>());
    this.#child.stdin.write(`start ${String(index)}\n`);
    return up.promise.finally(() => this.#starting.delete(index));
  }

  /** Resolves when the node's last process is gone. */
  down(index: number): Promise<void> {
    return this.#ending.get(index)?.promise ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    const force = setTimeout(() => signal(this.#pid, 'SIGKILL'), 10_000);
    await this.#closed.promise;
    clearTimeout(force);
  }

  #hear(line: string): void {
    const [verb, ...rest] = line.split(' ');
    const [first = 0, second = 0] = rest.map(Number);
    if (verb === 'site') {
      this.#pid = first;
      this.#subnet = second;
      this.#opened.resolve(undefined);
    } else if (verb === 'up') {
      this.#starting.get(first)?.resolve(second);
    } else if (verb === 'down') {
      this.#starting.get(first)?.reject(new Error(`fleet: node ${String(first)} ended before it was up`));
      this.#ending.get(first)?.resolve(undefined);
    }
  }

  #end(reason: Error): void {
    this.#opened.reject(reason);
    for (const waiter of this.#starting.values()) waiter.reject(reason);
    for (const waiter of this.#ending.values()) waiter.resolve(undefined);
    this.#closed.resolve(undefined);
  }
}
