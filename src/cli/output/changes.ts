import type { EntryChange } from '../../model/registry-changes.ts';
import { printable } from '../../lib/text.ts';
import { digestOf } from '../../model/bundle.ts';

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
  const text = shortSealed(JSON.stringify(value));
  return text.length > valueLimit ? `${text.slice(0, valueLimit - 1)}…` : text;
}

/** A sealed value says nothing to people but that it is another one. */
function shortSealed(text: string): string {
  return text.replaceAll(
    /age:[A-Za-z0-9+/]{64,}={0,2}/gu,
    (envelope) => `age:…(sealed ${digestOf(envelope).slice(0, 8)})`,
  );
}
