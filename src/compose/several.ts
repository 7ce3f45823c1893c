import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Node } from '../model/node.ts';
import { nodeId } from '../model/node.ts';
import { patchNodeRows } from '../registry/json-edit.ts';
import { parserFor } from '../registry/parse-for.ts';
import type { Registries, Registry } from '../registry/registry.ts';
import { MergedRegistry, type Member } from '../registry/several/merged.ts';
import type { Source } from '../registry/source.ts';
import type { RowPort } from '../status/write-back.ts';
import { readOnly } from './observing.ts';
import { openSource } from './registries.ts';
import { rowsOf } from './rows.ts';

/** One of several sources as the settings name it, open. */
export interface OpenMember {
  readonly name: string;
  readonly priority: number;
  readonly source: Source;
  readonly settings: Settings['source'];
}

/** The sources of the settings; home is open already. Empty where there is one alone. */
export async function openSeveral(
  settings: Settings,
  home: Source,
  clock: Clock,
): Promise<readonly OpenMember[]> {
  const [first, ...others] = settings.sources;
  if (first === undefined) return [];
  const { name, priority } = first;
  const opened = others.map(async (entry): Promise<OpenMember> => {
    const own = sourceNamed(settings, entry.name);
    const source = await openSource({ ...settings, source: own }, clock);
    return {
      name: entry.name,
      priority: entry.priority,
      source: settings.observeOnly ? readOnly(source) : source,
      settings: own,
    };
  });
  return [{ name, priority, source: home, settings: settings.source }, ...(await Promise.all(opened))];
}

/** The settings of one of several sources, as if it were the only one. */
export function sourceNamed(settings: Settings, name: string): Settings['source'] {
  const entry = settings.sources.find((one) => one.name === name);
  if (entry === undefined) return settings.source;
  const { kind, directory, kubeconfig, context, namespace } = entry;
  return { ...settings.source, kind, directory, kubeconfig, context, namespace };
}

/** What should be, over all of them. */
export function registriesOver(
  members: readonly OpenMember[],
  registryOf: (source: Source, settings: Settings['source']) => Registry,
  home: Source,
  settings: Settings,
): Registries {
  const [first, ...others] = members.map(({ name, priority, source, settings: own }): Member => ({
    name,
    priority,
    registry: registryOf(source, own),
    source,
    parse: parserFor(own),
  }));
  return first === undefined ? registryOf(home, settings.source) : new MergedRegistry([first, ...others]);
}

/** The source in which a node's row stands. */
export function ownerAmong(members: readonly OpenMember[], home: Source): (node: Node) => Source {
  return (node) => members.find(({ name }) => name === node.source)?.source ?? home;
}

/** Statuses go into the row of the source that the node belongs to, and into no other row of that address. */
export function rowsAmong(members: readonly OpenMember[], registries: Registries, home: Source): RowPort {
  if (members.length === 0) return rowsOf(home);
  let here: OpenMember | undefined;
  return {
    edit: async (edit) => {
      const done = await Promise.allSettled(
        members.map((member) =>
          rowsOf(member.source).edit((text) => {
            // The edit itself does not wait, so that nobody else is here meanwhile.
            here = member;
            return text === undefined ? undefined : edit(text);
          }),
        ),
      );
      const failed = done.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    patch: (text, patches) => {
      const nodes = registries.current().snapshot?.nodes;
      const own = patches.filter(
        ({ type, address }) => nodes?.get(nodeId(type, address))?.source === here?.name,
      );
      return patchNodeRows(text, own);
    },
  };
}
