import { isoSeconds } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { HostKeyPin } from '../model/node.ts';
import { fingerprintOf, keyLine, parseHostKey } from '../transport/host-keys.ts';
import type { ScanTarget, Transport } from '../transport/transport.ts';
import { keysFromKnownHosts } from './known-hosts.ts';

/** One public key that a node may show, found before anything is trusted. */
export interface FoundKey {
  /** As in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly key: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  readonly source: HostKeyPin['source'];
}

/** What was found of one node, and what the admin should know beside it. */
export interface FoundKeys {
  readonly keys: readonly FoundKey[];
  readonly notes: readonly string[];
}

export interface KnownHostsFiles {
  /** The admin's and the system's files. */
  readonly own: readonly string[];
  /** The predecessor's: worth less, because it took every key unseen. */
  readonly legacy: readonly string[];
}

/** Keys from known_hosts files, the admin's before the predecessor's; revoked ones are left out and told. */
export async function knownKeys(
  host: { readonly address: string; readonly port: number },
  files: KnownHostsFiles,
  signal?: AbortSignal,
): Promise<FoundKeys> {
  const own = await keysFromKnownHosts(host, files.own, signal);
  const legacy = await keysFromKnownHosts(host, files.legacy, signal);
  const revoked = new Set([...own.revoked, ...legacy.revoked]);
  const keys = [...found(own.keys, 'known_hosts'), ...found(legacy.keys, 'legacy')];
  return {
    keys: keys.filter(
      ({ key }, index) => !revoked.has(key) && keys.findIndex((other) => other.key === key) === index,
    ),
    notes: [
      ...[...revoked].map(
        (key) => `${host.address}: the key ${fingerprintOf(key)} is marked @revoked and is refused`,
      ),
      ...[...own.authorities, ...legacy.authorities].map(
        (key) =>
          `${host.address}: the authority ${fingerprintOf(key)} (@cert-authority) is not used; pins are keys`,
      ),
    ],
  };
}

/** Keys that the address itself shows now: worth what the network between is worth. */
export async function scannedKeys(
  transport: Transport,
  target: ScanTarget,
  deadlineMs: number,
): Promise<FoundKeys> {
  return { keys: found(await transport.scan(target, deadlineMs), 'scan'), notes: [] };
}

/**
 * Keys that the admin vouches for: whole `type base64` lines, or `SHA256:…` fingerprints that a shown key must have.
 * @throws SyncError `data` where no shown key has the fingerprint: nothing is trusted then.
 */
export function givenKeys(given: readonly string[], shown: readonly FoundKey[]): readonly FoundKey[] {
  return given.map((text) => {
    const line = parseHostKey(text);
    if (line !== undefined) return asFound(keyLine(line.blob), 'given');
    const match = shown.find((key) => key.fingerprint === text.trim().replace(/=+$/u, ''));
    if (match !== undefined) return { ...match, source: 'given' };
    const seen = shown.map((key) => key.fingerprint).join(', ');
    throw new SyncError(
      'data',
      `fingerprint: expected one of the keys the node shows (${seen === '' ? 'none' : seen}), got ${text}`,
      {
        remedy: 'read the fingerprint on the node itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
      },
    );
  });
}

/** The new value of a row's `sync_controller.host_keys`: what stood there, and what is now trusted; `replace` drops the old ones. */
export function pinsWith(
  present: readonly HostKeyPin[],
  trusted: readonly FoundKey[],
  options: { readonly clock: Clock; readonly replace?: boolean },
): readonly HostKeyPin[] {
  const added = isoSeconds(options.clock.now());
  const kept =
    options.replace === true ? present.filter((pin) => trusted.some(({ key }) => key === pin.key)) : present;
  const fresh = trusted
    .filter(({ key }, index) => trusted.findIndex((other) => other.key === key) === index)
    .filter(({ key }) => !kept.some((pin) => pin.key === key))
    .map(({ key, source }) => ({ key, source, added }));
  return [...kept, ...fresh];
}

function found(keys: readonly string[], source: HostKeyPin['source']): readonly FoundKey[] {
  return keys.map((key) => asFound(key, source));
}

function asFound(key: string, source: HostKeyPin['source']): FoundKey {
  return { key, fingerprint: fingerprintOf(key), source };
}
