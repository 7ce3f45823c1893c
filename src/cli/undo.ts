import type { Step } from '../registry/operations/step.ts';
import type { Call } from './call.ts';
import { openHistory, revisionName } from './history.ts';

/**
 * The command that takes a change of the registries back: the revision of before, of the objects that were written. Undefined where
 * the history does not have what was in force before.
 */
export async function undoOf(
  call: Call,
  digestBefore: string,
  steps: readonly Step[],
): Promise<string | undefined> {
  try {
    const { revisions } = await (await openHistory(call)).revisions(8);
    // The daemon may have filed the change already: the one before it is meant.
    const before = revisions.find(({ digest }) => digest === digestBefore);
    if (before === undefined) return undefined;
    const only = [...new Set(steps.map(({ object }) => `--only ${object}`))];
    return `syncctl rollback ${revisionName(before.number)} ${only.join(' ')} --reason "…"`;
  } catch {
    // No history, no way back by it; the change is made all the same.
    return undefined;
  }
}
