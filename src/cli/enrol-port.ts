import type { InstallFlag } from '../enrol/install-wire.ts';
import type { Installed } from '../enrol/install.ts';
import type { Restricted } from '../enrol/restrict-exchange.ts';
import type { Admin, Enforced } from '../enrol/restriction.ts';
import type { Rotation, RotationRequest } from '../enrol/rotate.ts';
import type { FoundKeys } from '../enrol/trust.ts';
import type { TakeoverPort } from '../enrol/takeover/node-port.ts';
import type { Node } from '../model/node.ts';

export type { FoundKey, FoundKeys } from '../enrol/trust.ts';
export type { Installed } from '../enrol/install.ts';
export type { Admin, Enforced, Rotated } from '../enrol/restriction.ts';

/** Where host keys are looked for: the known_hosts files of this machine, or the node itself. */
export type KeyOrigin = 'known_hosts' | 'scan';

/** Holding nodes to the one thing that our own key may do, by an admin's login; `compose/restriction.ts` gives it. */
export interface RestrictionPort {
  /** What stands on a node; nothing is written. */
  look(node: Node, admin: Admin, signal: AbortSignal): Promise<Restricted>;
  /** Grants our key the receiver and nothing else, proves it, and takes back what it wrote where the proof fails. */
  enforce(node: Node, admin: Admin, signal: AbortSignal): Promise<Enforced>;
  /** Undoes what `enforce` has just written, and says what became of it. */
  takeBack(
    node: Node,
    admin: Admin,
    enforced: Enforced & { readonly ok: true; readonly signal: AbortSignal },
  ): Promise<string>;
  rotate(request: RotationRequest, signal: AbortSignal): Promise<Rotation>;
  /** Takes rule, lines, receiver and target out of a node; `shared`: another row needs its login. */
  uninstall(
    node: Node,
    how: { readonly admin: Admin; readonly shared: boolean },
    signal: AbortSignal,
  ): Promise<Restricted | Installed>;
}

/** What the `node` commands need of the way to a node; `compose/enrol.ts` gives it. */
export interface EnrolPort {
  /** Host keys of an address; nothing is pinned. Rejects where the node does not answer a scan. */
  keysOf(node: Pick<Node, 'address' | 'sshPort'>, from: KeyOrigin, signal: AbortSignal): Promise<FoundKeys>;
  /** Installs or upgrades the receiver and the target descriptions of the node's type. */
  install(
    node: Node,
    how: { readonly flags: readonly InstallFlag[]; readonly admin: Admin },
    signal: AbortSignal,
  ): Promise<Installed>;
  readonly restriction: RestrictionPort;
  /** Taking nodes over from the predecessor. */
  readonly takeover: TakeoverPort;
  close(): Promise<void>;
}
