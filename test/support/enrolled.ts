import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetNode } from '../fleet/types.ts';
import type { Bundle } from '../../src/model/bundle.ts';
import { nodeId, type Node, type NodeType } from '../../src/model/node.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { receiverPath } from '../receiver/harness.ts';

const targets = {
  hosts: [
    'shape=block',
    'path=/etc/hosts',
    'temp=',
    'check=hosts',
    'raw_url=',
    'web_port=',
    'websecure_port=',
  ],
  'traefik-routes': [
    'shape=file',
    'path=/home/node/traefik/config/mynodeone-routes.yml',
    'temp=/home/node/traefik',
    'check=traefik-routes',
    'raw_url=http://127.0.0.1:8080/api/rawdata',
    'web_port=80',
    'websecure_port=443',
  ],
} as const;

/** Puts the receiver and a target description where enrolment does. */
export function enrolByHand(node: FleetNode, kind: keyof typeof targets): void {
  const lib = join(node.rootDir, 'usr/local/lib/sync-controller');
  const described = join(node.rootDir, 'etc/sync-controller/targets.d');
  for (const folder of [lib, described]) mkdirSync(folder, { recursive: true });
  cpSync(receiverPath(), join(lib, 'receive'));
  chmodSync(join(lib, 'receive'), 0o755);
  writeFileSync(
    join(described, kind),
    ['format=SC1', ...targets[kind], 'mode=0644', 'reload=', 'probe=', ''].join('\n'),
  );
}

/** The registry's row of a fleet node, pinned. */
export function rowOf(node: FleetNode, type: NodeType): Node {
  return {
    id: nodeId(type, node.address),
    type,
    address: node.address,
    name: node.name,
    sshUser: node.user,
    sshPort: node.port,
    hostKeys: node.hostKeys.map((key) => ({
      key: key.split(' ').slice(0, 2).join(' '),
      source: 'given',
      added: '',
    })),
    labels: {},
    publicDomain: undefined,
    repoPath: undefined,
    recorded: { status: undefined, lastSync: undefined, lastAttempt: undefined, lastError: undefined },
  };
}

/** A plan of one bundle for a fleet node. */
export function planOf(node: FleetNode, type: NodeType, bundle: Bundle): NodePlan {
  const row = rowOf(node, type);
  return { id: row.id, node: row, bundles: [bundle] };
}
