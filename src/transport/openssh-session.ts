import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { killGroup } from '../lib/exec.ts';
import { Gate } from './gate.ts';
import { Leases } from './leases.ts';
import type { LoginVisit } from './login-visit.ts';
import { hopsOf } from './hops.ts';
import { knownHostsText, readyMark, sessionArgs } from './openssh-argv.ts';
import type { OpensshOptions } from './openssh-argv.ts';
import { openFailure } from './openssh-classify.ts';
import { Output } from './output.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface OpensshSessionOptions extends OpensshOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  /** The logins of the way, outermost host first. */
  readonly visits: readonly LoginVisit[];
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** One `ssh` process that is logged in and takes commands on its socket; our own child, never in the background. */
export class OpensshSession {
  readonly opened: Promise<void>;
  readonly closed: Promise<undefined>;
  readonly gate: Gate;
  readonly leases: Leases;
  readonly #options: OpensshSessionOptions;
  readonly #onClosed = Promise.withResolvers<undefined>();
  readonly #talk = new Output(0);
  #state: 'opening' | 'ready' | 'retired' | 'closed' = 'opening';
  #child: Child | undefined;
  #kill: NodeJS.Timeout | undefined;
  #waiting = true;
  readonly #cancel = new AbortController();
  openMs = 0;

  constructor(options: OpensshSessionOptions) {
    this.#options = options;
    this.gate = new Gate(options.settings.maxChannels);
    this.closed = this.#onClosed.promise;
    this.leases = new Leases({
      idleMs: options.settings.idleMs,
      onFree: () => (this.#state === 'ready' ? 'keep' : this.end()),
      onIdle: () => {
        this.end();
      },
    });
    this.opened = this.#establish();
    this.opened.then(
      () => {
        this.#tell((visit, isLast) => {
          visit.succeeded(isLast);
        });
      },
      (error: unknown) => {
        // Which of several hosts it was cannot be told for sure: the last one's record is the one that is asked next.
        this.#tell((visit, isLast) => {
          visit.failed(isLast ? error : undefined);
        });
        this.end();
      },
    );
  }

  get options(): OpensshSessionOptions {
    return this.#options;
  }

  get state(): 'opening' | 'ready' | 'retired' | 'closed' {
    return this.#state;
  }

  /** True while the hosts of the way may not see another login yet. */
  get isWaiting(): boolean {
    return this.#waiting;
  }

  /** What the session's own `ssh` said last. */
  get talk(): string {
    return this.#talk.stderr;
  }

  lease(): () => void {
    return this.leases.take();
  }

  /** New work goes elsewhere; what runs may end. */
  retire(): void {
    if (this.#state === 'ready' || this.#state === 'opening') this.#state = 'retired';
    this.leases.settle();
  }

  /** Asks the process to leave, and makes it after a grace. */
  end(): 'gone' {
    if (this.#state === 'closed') return 'gone';
    this.#state = 'retired';
    this.#cancel.abort(new TransportFailure('connection_lost', 'the session was closed by us', false));
    const child = this.#child;
    if (child === undefined) {
      this.#finish();
      return 'gone';
    }
    child.kill('SIGTERM');
    this.#kill ??= setTimeout(() => {
      killGroup(child);
    }, this.#options.settings.endGraceMs);
    return 'gone';
  }

  async #establish(): Promise<void> {
    const { endpoint, settings, clock } = this.#options;
    for (const visit of this.#options.visits) await visit.enter(this.#cancel.signal);
    this.#waiting = false;
    await this.#writePins();
    if (this.#state !== 'opening')
      throw new TransportFailure('connection_lost', 'the session was closed by us', false);
    const start = clock.monotonic();
    const child = this.#spawn();
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const limit = settings.dialMs + settings.readyMs;
    const timer = setTimeout(() => {
      reject(new TransportFailure('timeout', `no login within ${String(limit)} ms`, false));
    }, limit);
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes(readyMark)) resolve(undefined);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#talk.takeStderr(chunk);
    });
    child.on('error', (error) => {
      reject(
        new TransportFailure(
          'internal',
          `ssh cannot be started: ${error.message}; install openssh-client`,
          false,
        ),
      );
      this.#finish();
    });
    child.on('close', () => {
      reject(openFailure(this.talk, endpoint));
      this.#finish();
    });
    await promise.finally(() => {
      clearTimeout(timer);
    });
    this.openMs = clock.monotonic() - start;
    this.#becomeReady();
  }

  /** Unless it was given up meanwhile. */
  #becomeReady(): void {
    if (this.#state === 'opening') this.#state = 'ready';
  }

  #spawn(): Child {
    const { endpoint, env } = this.#options;
    return spawn('ssh', sessionArgs(endpoint, this.#options), {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }

  async #writePins(): Promise<void> {
    const { endpoint, files } = this.#options;
    const hops = hopsOf(endpoint);
    await rm(files.control, { force: true });
    for (const [index, file] of files.knownHosts.entries()) {
      const hop = hops[index];
      if (hop === undefined) continue;
      await writeFile(file, knownHostsText(hop), { mode: 0o600 });
      await chmod(file, 0o600);
    }
  }

  #tell(what: (visit: LoginVisit, isLast: boolean) => void): void {
    const { visits } = this.#options;
    for (const visit of visits) what(visit, visit === visits.at(-1));
  }

  #finish(): void {
    clearTimeout(this.#kill);
    this.leases.stop();
    this.#state = 'closed';
    this.#onClosed.resolve(undefined);
  }
}
