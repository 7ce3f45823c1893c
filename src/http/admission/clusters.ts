import type { Settings } from '../../config/settings.ts';
import { judgeEdit, type Edit, type Judgement } from '../../registry/judge-edit.ts';
import { parserFor } from '../../registry/parse-for.ts';
import type { Registries, RegistryState } from '../../registry/registry.ts';
import { judgeShareEdit } from '../../registry/several/judge-share.ts';

/** The registries of one cluster, and how an edit of them is judged. */
export interface ReviewedCluster {
  readonly source: Pick<Settings['source'], 'namespace' | 'names'>;
  /** As they were read last; undefined while they cannot be read. */
  readonly objects: () => RegistryState['objects'];
  readonly judge: (edit: Edit) => Judgement;
}

/**
 * The cluster whose API server asks: without a name it is the only source, or home, with one the source of that name. Undefined where
 * there is none such.
 */
export function clusterNamed(
  name: string | undefined,
  { settings, registry }: { readonly settings: Settings; readonly registry: Registries },
): ReviewedCluster | undefined {
  const { source, sources } = settings;
  const [home] = sources;
  if (home === undefined) return name === undefined ? onlyCluster(source, registry) : undefined;
  const entry = sources.find((known) => known.name === (name ?? home.name));
  if (entry === undefined) return undefined;
  const shares = () => registry.shares?.() ?? [];
  return {
    source: { namespace: entry.namespace, names: source.names },
    objects: () => shares().find((share) => share.name === entry.name)?.objects,
    judge: (edit) => judgeShareEdit(edit, shares(), entry.name),
  };
}

function onlyCluster(source: Settings['source'], registry: Registries): ReviewedCluster {
  const parse = parserFor(source);
  return {
    source,
    objects: () => registry.current().objects,
    judge: (edit) => {
      const { snapshot, objects } = registry.current();
      return judgeEdit(edit, { parse, objects: objects ?? new Map(), lastGood: snapshot });
    },
  };
}
