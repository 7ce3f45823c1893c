import type { FoundKey } from '../enrol/trust.ts';
import type { Node } from '../model/node.ts';

export type { FoundKey } from '../enrol/trust.ts';

/** Where host keys are looked for: the known_hosts files of this machine, or the node itself. */
export type KeyOrigin = 'known_hosts' | 'scan';

/** How the installation of the receiver ended; `publicDomain` is what the predecessor's set-up left on a VPS. */
export interface Installed {
  readonly ok: boolean;
  readonly cause: string | undefined;
  readonly evidence: string;
  readonly publicDomain: string | undefined;
}

/** What `node add` and `node trust` need of the way to a node; `compose/enrol.ts` gives it. */
export interface EnrolPort {
  /** Host keys of an address; nothing is pinned. Rejects where the node does not answer a scan. */
  keysOf(node: Pick<Node, 'address' | 'sshPort'>, from: KeyOrigin, signal: AbortSignal): Promise<readonly FoundKey[]>;
  /** Installs or upgrades the receiver and the target descriptions of the node's type. */
  install(node: Node, options: { readonly upgrade: boolean }, signal: AbortSignal): Promise<Installed>;
  close(): Promise<void>;
}
