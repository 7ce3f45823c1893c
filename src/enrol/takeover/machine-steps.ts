import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { readSettingsText, withoutObserveOnly, writeSettingsText } from '../setup/settings-text.ts';
import { isReplaced, type EntryPoint } from './checkouts.ts';
import { keptPath, replaceEntry, restoreEntry } from './entry-points.ts';
import { done, type AdoptionStep } from './step.ts';

/** One script of the predecessor on this machine makes room for ours. */
export function entryStep(entry: EntryPoint): AdoptionStep {
  const { path, becomes } = entry;
  const kept = keptPath(path);
  return {
    id: `entry ${path}`,
    what: becomes === 'shim' ? `${path} calls syncctl` : `${path} is disarmed`,
    undo: `sudo mv ${kept} ${path}`,
    look: () => Promise.resolve({ path }),
    run: async () => {
      if (existsSync(path)) await replaceEntry(entry);
      return done;
    },
    stands: async () => !existsSync(path) || isReplaced(await readFile(path, 'utf8')),
    revert: async () =>
      (await restoreEntry(path))
        ? done
        : { result: 'done', remark: `${path} is another script by now and stays; the original is ${kept}` },
  };
}

/** The settings let the controller write. */
export function settingsStep(file: string): AdoptionStep {
  return {
    id: 'settings',
    what: `take observeOnly out of ${file}`,
    undo: `put the line "observeOnly: true" into ${file}, then: sudo systemctl restart sync-controller`,
    look: async () => ({ text: (await readSettingsText(file)) ?? '' }),
    run: async () => {
      writeSettingsText(file, withoutObserveOnly((await readSettingsText(file)) ?? ''));
      return done;
    },
    stands: async () => !/^observeOnly\s*:\s*true/mu.test((await readSettingsText(file)) ?? ''),
    revert: async (before) => {
      const { text } = z.object({ text: z.string() }).parse(before);
      const now = (await readSettingsText(file)) ?? '';
      // What an admin has changed meanwhile stays; only the state of observing comes back.
      const edited = now !== withoutObserveOnly(text) && now !== text;
      const { withObserveOnly } = await import('../setup/settings-text.ts');
      writeSettingsText(file, edited ? withObserveOnly(now) : text);
      return done;
    },
  };
}
