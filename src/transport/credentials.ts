import { stat } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { ParsedKey, PublicKeyEntry } from 'ssh2';
import type { Clock } from '../lib/clock.ts';
import { limited } from './deadline.ts';
import type { Endpoint } from './transport.ts';

const { OpenSSHAgent } = ssh2;

/** A file that was looked at within this time is not looked at again: a thousand pushes at once ask for the same one. */
const recentMs = 5_000;
const agentMs = 1_000;

interface Seen {
  readonly stamp: string | undefined;
  readonly atMs: number;
}

/** Tells whether the keys we log in with are still the ones they were. */
export class Credentials {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The key files as they are now; another text where one was replaced, came or went. */
  async ofFiles(paths: readonly string[]): Promise<string> {
    const stamps = await Promise.all(paths.map(stampOf));
    const stamp = stamps.join('\n');
    this.#seen.set(paths.join('\n'), { stamp, atMs: this.#clock.monotonic() });
    return stamp;
  }

  /** The same as of a moment ago, without waiting; undefined where nobody has looked yet. */
  recent(paths: readonly string[]): string | undefined {
    const key = paths.join('\n');
    const seen = this.#seen.get(key);
    const now = this.#clock.monotonic();
    if (seen === undefined || now - seen.atMs > recentMs) {
      this.#seen.set(key, { stamp: seen?.stamp, atMs: now });
      void this.ofFiles(paths);
    }
    return seen?.stamp;
  }

  /** Key files and the agent's keys: everything that a login could be tried with. */
  async ofLogin({ identities, agentSocket }: Endpoint): Promise<string> {
    const [files, agent] = await Promise.all([this.ofFiles(identities), keysOfAgent(agentSocket)]);
    return `${files}\n${agent}`;
  }
}

async function stampOf(path: string): Promise<string> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return `${path} -`;
  return `${path} ${String(file.ino)} ${String(file.size)} ${String(file.mtimeMs)} ${String(file.mode)}`;
}

async function keysOfAgent(socket: string | undefined): Promise<string> {
  if (socket === undefined) return '';
  const { promise, resolve } = Promise.withResolvers<string>();
  new OpenSSHAgent(socket).getIdentities((_error, keys) => {
    resolve((keys ?? []).map((key) => blobOf(key).toString('base64')).join('\n'));
  });
  return limited(promise, agentMs, () => new Error('no answer')).catch(() => 'no answer');
}

/** ssh2 hands keys out in two forms. */
function blobOf(key: ParsedKey | PublicKeyEntry): Buffer {
  if ('getPublicSSH' in key) return key.getPublicSSH();
  const { pubKey } = key;
  if ('getPublicSSH' in pubKey) return pubKey.getPublicSSH();
  return typeof pubKey.pubKey === 'string' || Buffer.isBuffer(pubKey.pubKey)
    ? Buffer.from(pubKey.pubKey)
    : pubKey.pubKey.getPublicSSH();
}
