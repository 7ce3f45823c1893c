import type { EntryChange } from '../../model/registry-changes.ts';
import { printable } from '../../lib/text.ts';

const signs = { added: '+', removed: '-', changed: '~' } as const;
const valueLimit = 160;

/** Differences between two states of the registries, line by line: `~ service-registry/services.json/demo/port: 80 → 81`. */
export function changeLines(changes: readonly EntryChange[]): readonly string[] {
  return changes.map(({ path, change, before, after }) => {
    const values =
      change === 'changed'
        ? `${shortly(before)} → ${shortly(after)}`
        : shortly(change === 'added' ? after : before);
    return printable(`${signs[change]} ${path}: ${values}`).replaceAll('\n', ' ');
  });
}

function shortly(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > valueLimit ? `${text.slice(0, valueLimit - 1)}…` : text;
}
