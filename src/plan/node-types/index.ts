import type { TargetKind } from '../../model/bundle.ts';
import type { NodeType } from '../../model/node-types.ts';
import { SyncError } from '../../lib/errors.ts';
import type { Target } from '../targets/target.ts';
import { caddyNodes } from './caddy-nodes.ts';
import { dnsmasqNodes } from './dnsmasq-nodes.ts';
import { managementLaptops } from './management-laptops.ts';
import type { NodeTypeModule } from './node-type.ts';
import { vpsNodes } from './vps-nodes.ts';
import { workerNodes } from './worker-nodes.ts';

/** Every node type, by its name in the registry. */
export const nodeTypes: Readonly<Record<NodeType, NodeTypeModule>> = {
  management_laptops: managementLaptops,
  vps_nodes: vpsNodes,
  worker_nodes: workerNodes,
  dnsmasq_nodes: dnsmasqNodes,
  caddy_nodes: caddyNodes,
};

const targets = new Map<TargetKind, Target>(
  Object.values(nodeTypes).map(({ target }) => [target.kind, target]),
);

/** The target of a kind. */
export function targetOf(kind: TargetKind): Target {
  const target = targets.get(kind);
  if (target === undefined) throw new SyncError('internal', `target kind: expected a known one, got ${kind}`);
  return target;
}
