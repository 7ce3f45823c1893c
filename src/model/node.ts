import type { NodeType } from './node-types.ts';

export { isNodeType, type NodeType } from './node-types.ts';

/** A node's identity: `<type>@<address>`, the form it also has on the wire. */
export type NodeId = string & { readonly __brand: 'NodeId' };

/** One public key a node may present, as in known_hosts: `ssh-ed25519 AAAA…`, with where it came from. */
export interface HostKeyPin {
  readonly key: string;
  readonly source: 'given' | 'known_hosts' | 'legacy' | 'scan';
  readonly added: string;
}

/** A row of `registry.json`, after the strict grammars. `status` is what the row says, not what we know. */
export interface Node {
  readonly id: NodeId;
  readonly type: NodeType;
  readonly address: string;
  readonly name: string;
  readonly sshUser: string;
  readonly sshPort: number | undefined;
  readonly hostKeys: readonly HostKeyPin[];
  readonly labels: Readonly<Record<string, string>>;
  readonly publicDomain: string | undefined;
  readonly repoPath: string | undefined;
  /** True where it comes for its configuration itself, since nobody can reach it. */
  readonly pull?: true;
  readonly recorded: RecordedStatus;
  /** The whole row as JSON, fields of others included, so that a lost one can be written back. It decides nothing. */
  readonly row?: string;
  /** Whose it is, of several sources. */
  readonly source?: string;
}

/** The four fields of a row that the status writer owns. */
export interface RecordedStatus {
  readonly status: 'active' | 'pending_sync' | 'error' | undefined;
  readonly lastSync: string | undefined;
  readonly lastAttempt: string | undefined;
  readonly lastError: string | undefined;
}

/** Builds the identity of a node from its two parts. */
export function nodeId(type: NodeType, address: string): NodeId {
  return `${type}@${address}` as NodeId;
}

/** Splits an identity into type and address. */
export function splitNodeId(id: NodeId): { readonly type: NodeType; readonly address: string } {
  const at = id.indexOf('@');
  return { type: id.slice(0, at) as NodeType, address: id.slice(at + 1) };
}
