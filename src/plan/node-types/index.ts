import type { NodeType } from '../../model/node.ts';
import { managementLaptops } from './management-laptops.ts';
import type { NodeTypeModule } from './node-type.ts';
import { vpsNodes } from './vps-nodes.ts';
import { workerNodes } from './worker-nodes.ts';

/** Every node type, by its name in the registry. */
export const nodeTypes: Readonly<Record<NodeType, NodeTypeModule>> = {
  management_laptops: managementLaptops,
  vps_nodes: vpsNodes,
  worker_nodes: workerNodes,
};
