import type { TargetKind } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { TargetMemory } from '../model/outcome.ts';
import type { Term } from '../model/term.ts';

/** A person's word that a withheld removal may go. */
export interface Approval {
  readonly hash: string;
  readonly who: string;
  readonly why: string | undefined;
  readonly at: string;
}

/** Pushing is held: `scope` is `all` or a node id. */
export interface Pause {
  readonly scope: string;
  readonly who: string;
  readonly why: string | undefined;
  readonly since: string;
  /** ISO time after which it no longer holds; undefined holds until resumed. */
  readonly expires: string | undefined;
  /** ISO time before which it does not hold yet: a freeze that was planned. */
  readonly starts?: string | undefined;
}

/** A freeze with a start of its own. */
export interface Window extends Pause {
  readonly starts: string;
  readonly expires: string;
}

/** Who did what; written, never changed. */
export interface AuditEntry {
  readonly at: string;
  readonly who: string;
  readonly why: string | undefined;
  readonly action: string;
  readonly detail: string;
}

/** `pending`: the old targets are still on the node. `withdrawn`: verified gone. `abandoned`: a person ended it. */
export type TombstoneState = 'pending' | 'withdrawn' | 'abandoned';

/** A removed node, remembered until its targets are withdrawn. */
export interface Tombstone {
  readonly node: NodeId;
  readonly address: string;
  /** The row as it was, JSON text. */
  readonly row: string;
  readonly pins: readonly string[];
  readonly targets: readonly TargetKind[];
  readonly at: string;
  readonly state: TombstoneState;
}

/** What one target of one node showed last. */
export interface TargetRecord {
  readonly node: NodeId;
  readonly kind: TargetKind;
  readonly memory: TargetMemory;
}

/** The own last term, and up to which seq it may have counted. */
export interface TermRecord {
  readonly term: Term;
  readonly seqLimit: number;
}

/** A token of the API as it is kept: who presents the secret is known by its hash. */
export interface TokenRecord {
  readonly name: string;
  readonly role: string;
  /** SHA-256 of the secret, lower-case hex. */
  readonly hash: string;
  /** Who minted it, and why. */
  readonly who: string;
  readonly why: string | undefined;
  readonly since: string;
  readonly expires: string | undefined;
}

/** A token of one node, without its secret. */
export interface NodeTokenRecord {
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly node: string;
  readonly who: string;
  readonly why: string | undefined;
  readonly since: string;
}
