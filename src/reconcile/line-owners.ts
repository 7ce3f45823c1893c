import type { Snapshot } from '../model/snapshot.ts';
import { keptLines, linesOf } from './blame.ts';

/**
 * The source of each line of a rendering: the one without whose services it would not be there. A line that needs several, such as a
 * headline, or none, is nobody's.
 */
export function lineOwners(
  snapshot: Snapshot,
  render: (snapshot: Snapshot) => string | undefined,
): readonly (string | undefined)[] {
  const { sources } = snapshot;
  if (sources === undefined) return [];
  const text = render(snapshot);
  const needed = linesOf(text).map((): string[] => []);
  for (const { name } of sources) {
    const services = new Map([...snapshot.services].filter(([, { source }]) => source !== name));
    const kept = keptLines(render({ ...snapshot, services }), text);
    for (const [at, names] of needed.entries()) if (!kept.has(at)) names.push(name);
  }
  return needed.map((names) => (names.length === 1 ? names[0] : undefined));
}
