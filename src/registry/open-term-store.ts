import { createClusterMemory } from './cluster-memory.ts';
import type { Source } from './source.ts';
import { createDirectoryTermStore } from './term-store-directory.ts';
import { createKubernetesTermStore } from './term-store-kubernetes.ts';
import type { TermPorts, TermStore } from './term-store.ts';

/** The term store that belongs to a source. */
export function openTermStore(
  source: Source,
  options: TermPorts & { readonly stateDirectory: string },
): TermStore {
  const { kind, location } = source.health();
  if (kind === 'directory') return createDirectoryTermStore({ ...options, source });
  const memory = createClusterMemory(options.stateDirectory, `${kind} ${location}`);
  return createKubernetesTermStore(source.own, options, memory);
}
