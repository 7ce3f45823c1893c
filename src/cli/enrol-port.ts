import type { InstallFlag } from '../enrol/install-wire.ts';
import type { Installed } from '../enrol/install.ts';
import type { FoundKeys } from '../enrol/trust.ts';
import type { Node } from '../model/node.ts';

export type { FoundKey, FoundKeys } from '../enrol/trust.ts';
export type { Installed } from '../enrol/install.ts';

/** Where host keys are looked for: the known_hosts files of this machine, or the node itself. */
export type KeyOrigin = 'known_hosts' | 'scan';

/** What `node add` and `node trust` need of the way to a node; `compose/enrol.ts` gives it. */
export interface EnrolPort {
  /** Host keys of an address; nothing is pinned. Rejects where the node does not answer a scan. */
  keysOf(node: Pick<Node, 'address' | 'sshPort'>, from: KeyOrigin, signal: AbortSignal): Promise<FoundKeys>;
  /** Installs or upgrades the receiver and the target descriptions of the node's type. */
  install(node: Node, flags: readonly InstallFlag[], signal: AbortSignal): Promise<Installed>;
  close(): Promise<void>;
}
