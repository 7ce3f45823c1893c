import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { access, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { hopsOf } from './hops.ts';
import type { Logins } from './logins.ts';
import type { OpensshFiles } from './openssh-argv.ts';
import { OpensshSession } from './openssh-session.ts';
import { Renewal } from './renewal.ts';
import type { TransportSettings } from './settings.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface OpensshPoolOptions {
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly useSshConfig: boolean;
  /** Where the private folder of sockets and pins is made. */
  readonly directory: string;
  readonly logins: Logins;
}

/** The `ssh` processes that live, at most one in use per way to a host. */
export class OpensshPool {
  readonly #options: OpensshPoolOptions;
  readonly #renewal: Renewal<OpensshSession>;
  readonly #current = new Map<string, OpensshSession>();
  readonly #living = new Set<OpensshSession>();
  readonly #closing = new AbortController();
  #folder: Promise<string> | undefined;
  #made = 0;

  constructor(options: OpensshPoolOptions) {
    this.#options = options;
    this.#renewal = new Renewal(options.settings.maxAgeMs, options.clock);
  }

  /** Fires when the pool is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The session to use now: the one that is open or being opened, or a new one. `insist`: a person asks for it. */
  async acquire(endpoint: Endpoint, insist = false): Promise<OpensshSession> {
    const stamp = await this.#options.logins.credentials.ofFiles(endpoint.identities);
    const identities = await existing(endpoint.identities);
    this.#folder ??= mkdtemp(join(this.#options.directory, 'sc-'));
    const folder = await this.#folder;
    this.#closing.signal.throwIfAborted();
    const key = wayTo(endpoint);
    const present = this.usable(endpoint);
    if (present === undefined) this.#requireAny(endpoint, identities);
    const open = (): OpensshSession => this.#open({ ...endpoint, identities }, { folder, stamp, insist });
    if (present === undefined) return this.#use(key, open());
    if (present.state === 'ready')
      this.#renewal.consider({ present, stamp, open, takeOver: (next) => this.#use(key, next) });
    return present;
  }

  /** The session that new work may go to without another login. */
  usable(endpoint: Endpoint): OpensshSession | undefined {
    const session = this.#current.get(wayTo(endpoint));
    return session?.state === 'ready' || session?.state === 'opening' ? session : undefined;
  }

  #open(
    endpoint: Endpoint,
    { folder, stamp, insist }: { folder: string; stamp: string; insist: boolean },
  ): OpensshSession {
    const { settings, clock, useSshConfig, logins } = this.#options;
    const files = this.#filesFor(folder, endpoint);
    const session = new OpensshSession({
      ...{ endpoint, settings, clock, useSshConfig, files },
      env: environment(),
      visits: hopsOf(endpoint).map((hop, index, { length }) => logins.visit(hop, insist, index < length - 1)),
    });
    this.#renewal.born(session, stamp);
    this.#living.add(session);
    void session.closed.then(() => {
      this.#living.delete(session);
      for (const file of [files.control, ...files.knownHosts]) rmSync(file, { force: true });
    });
    return session;
  }

  #use(key: string, session: OpensshSession): OpensshSession {
    this.#current.set(key, session);
    void session.closed.then(() => {
      if (this.#current.get(key) === session) this.#current.delete(key);
    });
    return session;
  }

  /** True where a session is open and takes commands. */
  isWarm(endpoint: Endpoint): boolean {
    return this.#current.get(wayTo(endpoint))?.state === 'ready';
  }

  /** Ends every process and waits until none is left. */
  async close(): Promise<void> {
    this.#closing.abort(
      new TransportFailure('connection_lost', 'the transport was closed', true, { started: true }),
    );
    const living = [...this.#living];
    for (const session of living) session.end();
    await Promise.all(living.map((session) => session.closed));
    if (this.#folder !== undefined) rmSync(await this.#folder, { recursive: true, force: true });
  }

  /** Names are short: the address of a unix socket has 108 bytes, and ssh adds 17 to it while it binds. */
  #filesFor(folder: string, endpoint: Endpoint): OpensshFiles {
    this.#made += 1;
    const digest = createHash('sha256').update(wayTo(endpoint)).digest('hex').slice(0, 8);
    const name = join(folder, `${digest}-${String(this.#made)}`);
    return {
      control: name,
      knownHosts: [...endpoint.jumps, endpoint].map((_, hop) => `${name}.${String(hop)}`),
    };
  }

  #requireAny(endpoint: Endpoint, identities: readonly string[]): void {
    if (identities.length > 0 || endpoint.agentSocket !== undefined || this.#options.useSshConfig) return;
    const evidence = `no private key found, looked for ${endpoint.identities.join(', ')} and no agent`;
    throw new TransportFailure('key_unusable', evidence, false);
  }
}

/** Pins are part of the way here: ssh checks them when it connects and cannot be asked again. */
function wayTo(endpoint: Endpoint): string {
  const hops = [...endpoint.jumps, endpoint];
  const ways = hops.map((hop) => [
    ...[hop.user, hop.host, hop.port, hop.identities, hop.agentSocket],
    hop.pins.map((pin) => pin.key),
  ]);
  return JSON.stringify([ways, endpoint.proxyCommand]);
}

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = async (path: string): Promise<boolean> => {
    try {
      await access(path);
      return true;
    } catch {
      return false;
    }
  };
  const seen = await Promise.all(paths.map(found));
  return paths.filter((_, index) => seen[index] === true);
}

/** Messages in English, and nothing that could ask a person. */
function environment(): NodeJS.ProcessEnv {
  const { DISPLAY: _display, SSH_ASKPASS: _askpass, ...rest } = process.env;
  return { ...rest, LC_ALL: 'C' };
}
