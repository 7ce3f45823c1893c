import { readFile, stat } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { messageOf } from '../lib/errors.ts';

const { utils } = ssh2;

export interface Identity {
  readonly path: string;
  readonly key: ParsedKey;
}

export interface Identities {
  readonly usable: readonly Identity[];
  /** Why files that exist are not used, one sentence each, with what to do. */
  readonly problems: readonly string[];
}

/** Reads private keys in their order; files that do not exist are passed over, unusable ones are reported. */
export async function loadIdentities(paths: readonly string[]): Promise<Identities> {
  const usable: Identity[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const loaded = await loadOne(path);
    if (typeof loaded === 'string') problems.push(loaded);
    else if (loaded !== undefined) usable.push(loaded);
  }
  return { usable, problems };
}

/** Private keys as they were last read: a thousand sessions that log in with one key hold it once. */
export class KeyRing {
  readonly #read = new Map<string, { readonly stamp: string; readonly identities: Promise<Identities> }>();

  /** The keys of these files; read again where the stamp says that the files are others. */
  load(paths: readonly string[], stamp: string): Promise<Identities> {
    const name = paths.join('\n');
    const known = this.#read.get(name);
    if (known?.stamp === stamp) return known.identities;
    const identities = loadIdentities(paths);
    this.#read.set(name, { stamp, identities });
    // What is wrong with a file may be mended without a trace in its stamp: another owner, a readable folder above it.
    const forget = (): void => {
      if (this.#read.get(name)?.identities === identities) this.#read.delete(name);
    };
    identities.then(({ problems }) => {
      if (problems.length > 0) forget();
    }, forget);
    return identities;
  }
}

async function loadOne(path: string): Promise<Identity | string | undefined> {
  // A folder we may not even look into (root's, for somebody else) holds nothing for us.
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return undefined;
  const exposed = exposureOf(path, file);
  if (exposed !== undefined) return exposed;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return `private key ${path}: expected to be readable, got ${messageOf(error)}`;
  }
  const parsed: unknown = utils.parseKey(bytes);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error) return unparsable(path, key.message);
  if (!isKey(key) || !key.isPrivateKey())
    return `private key ${path}: expected a private key, got a public one`;
  return { path, key };
}

/** ssh's own rule: our file must be ours alone; a file somebody else owns (a systemd credential) must at least not be the world's. */
function exposureOf(path: string, file: { readonly mode: number; readonly uid: number }): string | undefined {
  const forbidden = file.uid === process.getuid?.() ? 0o077 : 0o007;
  if ((file.mode & forbidden) === 0) return undefined;
  const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
  return `private key ${path}: expected mode 0600, got ${mode}; run chmod 600 ${path}`;
}

function unparsable(path: string, reason: string): string {
  return /passphrase|encrypted/iu.test(reason)
    ? `private key ${path}: expected no passphrase, got an encrypted key; load it into an agent or use a dedicated key`
    : `private key ${path}: expected an OpenSSH or PEM private key, got ${reason}`;
}

function isKey(value: unknown): value is ParsedKey {
  return typeof value === 'object' && value !== null && 'isPrivateKey' in value;
}
