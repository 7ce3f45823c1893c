import type { CauseClass } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import type { TakeoverResult } from './node-exchange.ts';
import type { TakeoverRequest } from './node-wire.ts';
import type { Surveyed } from './survey.ts';

/** What one deed on a node came to. */
export type NodeDeed =
  { readonly ok: true } | { readonly ok: false; readonly cause: CauseClass; readonly evidence: string };

/** What an adoption needs of the way to nodes; `compose/enrol.ts` gives it. */
export interface TakeoverPort {
  /** Looks and writes nothing. */
  survey(node: Node, signal: AbortSignal): Promise<Surveyed>;
  send(node: Node, request: TakeoverRequest, signal: AbortSignal): Promise<TakeoverResult>;
  /** Installs the receiver and the target of the node's type. */
  install(node: Node, signal: AbortSignal): Promise<NodeDeed & { readonly publicDomain?: string }>;
  /** Takes them out again. */
  uninstall(node: Node, signal: AbortSignal): Promise<NodeDeed>;
}
