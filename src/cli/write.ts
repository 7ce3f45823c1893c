import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { pathIn } from '../model/registry-shares.ts';
import { silentLogger } from '../lib/logger.ts';
import { carryOut, type Step, type Written } from '../registry/operations/step.ts';
import type { Call } from './call.ts';

/** Writes registries, and notes who wrote them and why for the history. @returns true where anything was written. */
export async function writeSteps(call: Call, steps: readonly Step[], reason?: string): Promise<boolean> {
  if ((await call.settings()).observeOnly)
    throw new SyncError(
      'conflict',
      'registries: expected a controller that may write, got one that only observes; nothing was written',
      { remedy: 'syncctl adopt' },
    );
  const { needOneSource, shareOf } = await import('./several.ts');
  await needOneSource(call);
  const share = await shareOf(call);
  const edits: Written[] = [];
  try {
    return await carryOut(await call.source(), steps, (written) =>
      edits.push({ ...written, path: pathIn(share, written.path) }),
    );
  } finally {
    // The edit stands: that nobody knows whose it was is no reason to fail.
    if (edits.length > 0) await note(call, edits, reason).catch(() => undefined);
  }
}

async function note(call: Call, edits: readonly Written[], reason?: string): Promise<void> {
  const actor = call.actor(reason ?? call.text('reason'));
  const { socket, stateDirectory } = (await call.settings()).daemon;
  const { connectDaemon } = await import('../contract/client.ts');
  const daemon = await connectDaemon(socket).catch(() => undefined);
  if (daemon !== undefined) {
    try {
      await daemon.history.noteEdits({ edits, actor });
      return;
    } catch {
      // An older daemon takes no notes; its store does.
    } finally {
      await daemon.close();
    }
  }
  // Where no controller ever was, there is no history to explain.
  if (!existsSync(stateDirectory)) return;
  const [{ openDurable }, { keepNotes }] = await Promise.all([
    import('../store/durable.ts'),
    import('../store/edit-notes.ts'),
  ]);
  const { clock } = call.context;
  const durable = await openDurable({ path: join(stateDirectory, 'durable.db'), clock, log: silentLogger });
  try {
    const notes = edits.map((edit) => ({ ...edit, who: actor.who, why: actor.reason ?? null }));
    await keepNotes(durable, notes, isoSeconds(clock.now()));
  } finally {
    await durable.close();
  }
}
