import type { NodeType } from '../../model/node-types.ts';
import { renderNames } from '../render-hosts.ts';
import type { NamesForm } from '../targets/names.ts';
import type { Target } from '../targets/target.ts';
import type { NodeTypeModule, PlanGround, Rendered } from './node-type.ts';

/** A node type whose nodes all get the same document of the cluster's internal names. */
export function namesType(type: NodeType, target: Target, form: NamesForm): NodeTypeModule {
  return {
    type,
    kind: target.kind,
    target,
    prepare: (ground) => {
      const rendered = sharedNamesOf(ground, form);
      return () => rendered;
    },
  };
}

/** Laptops and workers get the same document: of one plan it is rendered and hashed once. */
const shared = new WeakMap<PlanGround, Map<NamesForm, Rendered>>();

function sharedNamesOf(ground: PlanGround, form: NamesForm): Rendered {
  const known = shared.get(ground) ?? new Map<NamesForm, Rendered>();
  shared.set(ground, known);
  const rendered = known.get(form) ?? namesOf(ground, form);
  known.set(form, rendered);
  return rendered;
}

function namesOf({ snapshot, claims, clusterId }: PlanGround, form: NamesForm): Rendered {
  if (snapshot.clusterInfo.domain === undefined)
    return { reason: 'cluster-info/cluster-domain is not set, and a domain is never guessed' };
  return renderNames(form, { snapshot, claims, clusterId });
}
