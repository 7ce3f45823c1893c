import type { HostKeyPin, Node } from '../model/node.ts';

/** One public key that a node may show, found before anything is trusted. */
export interface FoundKey {
  /** As in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly key: string;
  /** `SHA256:…`, as ssh prints it. */
  readonly fingerprint: string;
  readonly source: HostKeyPin['source'];
}

/** How the installation of the receiver ended. */
export interface Installed {
  readonly ok: boolean;
  readonly cause: string | undefined;
  readonly evidence: string;
}

/** What `node add` and `node trust` need of the way to a node. */
export interface EnrolPort {
  /** Host keys of an address, from the known_hosts files or from the node itself; nothing is pinned. */
  keysOf(node: Pick<Node, 'address' | 'sshPort'>, from: 'known_hosts' | 'scan', signal: AbortSignal): Promise<readonly FoundKey[]>;
  /** Installs or upgrades the receiver and the target descriptions of the node's type. */
  install(node: Node, options: { readonly upgrade: boolean }, signal: AbortSignal): Promise<Installed>;
  close(): Promise<void>;
}
