import type { Actor } from '../contract/controller.ts';
import { pathIn } from '../model/registry-shares.ts';
import { carryOut, type Step, type Written } from '../registry/operations/step.ts';
import type { Source } from '../registry/source.ts';
import type { History } from './history.ts';

interface Where {
  readonly source: Source;
  readonly history?: Pick<History, 'noteEdits'> | undefined;
  /** The name of the source, where there are several. */
  readonly share?: string | undefined;
}

/** Writes registries in somebody's name. @returns true where anything was written. */
export async function writeNoted(
  { source, history, share }: Where,
  steps: readonly Step[],
  actor: Actor,
): Promise<boolean> {
  const edits: Written[] = [];
  try {
    return await carryOut(source, steps, (written) =>
      edits.push({ ...written, path: pathIn(share, written.path) }),
    );
  } finally {
    // The edit stands: that nobody knows whose it was is no reason to fail.
    if (edits.length > 0) await history?.noteEdits({ edits, actor }).catch(() => undefined);
  }
}
