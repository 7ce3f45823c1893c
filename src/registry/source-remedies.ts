import type { Settings } from '../config/settings.ts';
import type { RegistryObject } from '../model/snapshot.ts';
import type { RegistryRemedies } from './parse.ts';

export type SourceSettings = Pick<Settings['source'], 'kind' | 'namespace' | 'directory' | 'names'>;

/** What mends a registry where it stands: in a cluster a ConfigMap is edited, in a folder a file. */
export function remediesOf({ kind, namespace, names, directory }: SourceSettings): RegistryRemedies {
  const folder = directory ?? 'the folder';
  return kind === 'kubernetes'
    ? {
        absent: (object) => `syncctl doctor, then: kubectl -n ${namespace} get configmap ${names[object]}`,
        unset: (object) => `kubectl -n ${namespace} edit configmap ${names[object]}`,
      }
    : {
        absent: (object) =>
          `put the manifest of ${names[object]} back into ${folder}, then: syncctl validate`,
        unset: (object) => `set it in the manifest of ${names[object]} in ${folder}, then: syncctl validate`,
      };
}

/** How the annotation that pauses everything is taken away; only a person may do that. */
export function unpause(
  object: RegistryObject,
  { kind, namespace, names, directory }: SourceSettings,
): string {
  const name = names[object];
  return kind === 'kubernetes'
    ? `kubectl -n ${namespace} annotate configmap ${name} sync-controller/paused-`
    : `take sync-controller/paused out of the annotations of ${name} in ${directory ?? 'the folder'}`;
}
