import type { Bundle, TargetKind } from '../../model/bundle.ts';
import { digestOf } from '../../model/bundle.ts';
import type { HostsEntry } from '../hosts-block.ts';
import type { Target } from './target.ts';

/** A document of internal names, one address each: how it is written, and read back where it is exactly one of ours. */
export interface NamesForm {
  readonly kind: TargetKind;
  readonly emit: (clusterId: string, entries: readonly HostsEntry[]) => string;
  readonly read: (
    text: string,
  ) => { readonly clusterId: string; readonly entries: readonly HostsEntry[] } | undefined;
}

/** A bundle of given lines. */
export function namesBundle(form: NamesForm, clusterId: string, entries: readonly HostsEntry[]): Bundle {
  const bytes = form.emit(clusterId, entries);
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    kind: form.kind,
    bytes,
    digest: digestOf(bytes),
    names: sorted.map((entry) => entry.name),
    expectation: { kind: 'hosts', names: sorted.map(({ name, ip }) => ({ name, ip })) },
  };
}

/** What may stand in the place of a document of names. */
export function namesTarget(form: NamesForm): Pick<Target, 'kind' | 'fallback' | 'keepPresent'> {
  return {
    kind: form.kind,
    fallback: (bundle, previous) => {
      const present = form.read(previous);
      const planned = form.read(bundle.bytes);
      if (planned === undefined || present?.clusterId !== planned.clusterId) return undefined;
      const names = new Set(bundle.names);
      return form.emit(
        planned.clusterId,
        present.entries.filter((entry) => names.has(entry.name)),
      );
    },
    keepPresent: (bundle, clusterId, content) => {
      const present = form.read(content);
      const planned = form.read(bundle.bytes);
      if (planned === undefined || present?.clusterId !== clusterId) return undefined;
      const names = new Set(bundle.names);
      const kept = present.entries.filter((entry) => !names.has(entry.name));
      return kept.length === 0 ? bundle : namesBundle(form, clusterId, [...planned.entries, ...kept]);
    },
  };
}
