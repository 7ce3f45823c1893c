import type { NodeType } from '../../model/node.ts';
import { renderHosts } from '../render-hosts.ts';
import type { NodeTypeModule, PlanGround, Rendered } from './node-type.ts';

/** A node type whose nodes all get the same block of /etc/hosts. */
export function hostsType(type: NodeType): NodeTypeModule {
  return {
    type,
    kind: 'hosts',
    prepare: (ground) => {
      const rendered = hostsOf(ground);
      return () => rendered;
    },
  };
}

function hostsOf({ snapshot, claims, clusterId }: PlanGround): Rendered {
  if (snapshot.clusterInfo.domain === undefined)
    return { reason: 'cluster-info/cluster-domain is not set, and a domain is never guessed' };
  return renderHosts(snapshot, claims, clusterId);
}
