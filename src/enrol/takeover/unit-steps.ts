import { existsSync, lstatSync } from 'node:fs';
import { mkdir, readlink, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeAtomic } from '../../lib/files.ts';
import { mustSystemctl, ownUnit, systemctl, unitFolder, unitState } from '../setup/systemd.ts';
import { keptPath } from './entry-points.ts';
import { predecessorUnit, type Predecessor } from './predecessor.ts';
import { done, type AdoptionStep } from './step.ts';

const unitBefore = z.object({ file: z.string(), active: z.boolean(), enabled: z.boolean() });

/** Our alias is a link in the very place of the predecessor's file. */
function isUnitFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Stops the predecessor for good. Its unit file makes room for our alias and is kept beside. */
export function predecessorUnitStep(
  unit: NonNullable<Predecessor['unit']>,
  signal: AbortSignal,
): AdoptionStep {
  const { file } = unit;
  const kept = keptPath(file);
  return {
    id: 'predecessor-unit',
    what: `stop and disable ${predecessorUnit}; its file is kept as ${kept}`,
    undo: `sudo mv ${kept} ${file} && sudo systemctl daemon-reload && sudo systemctl enable --now ${predecessorUnit}`,
    look: () => Promise.resolve({ ...unit }),
    run: async () => {
      if (isUnitFile(file)) {
        await mustSystemctl(['disable', '--now', predecessorUnit], signal);
        await rename(file, kept);
      }
      await mustSystemctl(['daemon-reload'], signal);
      return done;
    },
    stands: () => Promise.resolve(!isUnitFile(file)),
    revert: async (before) => {
      const { active, enabled } = unitBefore.parse(before);
      if (existsSync(kept)) await rename(kept, file);
      await mustSystemctl(['daemon-reload'], signal);
      if (enabled) await mustSystemctl(['enable', predecessorUnit], signal);
      if (active) await mustSystemctl(['start', predecessorUnit], signal);
      return done;
    },
  };
}

const dropIn = join(unitFolder, `${ownUnit}.d`, 'adopted.conf');
const alias = join(unitFolder, predecessorUnit);

/** `journalctl -u` and `-t` match fields, not aliases: the old words are fields of what we log. */
const dropInText = `# Written by \`syncctl adopt\`: the predecessor's names of the unit and of its log go on working.
[Service]
LogExtraFields=OBJECT_SYSTEMD_UNIT=${predecessorUnit}
LogExtraFields=SYSLOG_IDENTIFIER=mynodeone-sync

[Install]
Alias=${predecessorUnit}
`;

/** Takes the predecessor's name, so that documented systemctl and journalctl lines go on working. */
export function aliasStep(signal: AbortSignal): AdoptionStep {
  return {
    id: 'alias',
    what: `take the name ${predecessorUnit} as an alias of ${ownUnit}`,
    undo: `sudo rm -f ${alias} ${dropIn} && sudo systemctl daemon-reload`,
    look: async () => ({ enabled: (await unitState(ownUnit, signal))?.enabled ?? false }),
    run: async () => {
      await mkdir(join(unitFolder, `${ownUnit}.d`), { recursive: true, mode: 0o755 });
      writeAtomic(dropIn, dropInText, { mode: 0o644 });
      await mustSystemctl(['daemon-reload'], signal);
      await mustSystemctl(['enable', ownUnit], signal);
      return done;
    },
    stands: () => Promise.resolve(existsSync(dropIn) && existsSync(alias)),
    revert: async (before) => {
      // Only a link of ours goes: the predecessor's own file may be back already.
      const target = await readlink(alias).catch(() => '');
      if (target.endsWith(`/${ownUnit}`) || target === ownUnit) await rm(alias, { force: true });
      await rm(dropIn, { force: true });
      // Somebody else's drop-ins keep their folder.
      await rmdir(join(unitFolder, `${ownUnit}.d`)).catch(() => undefined);
      await mustSystemctl(['daemon-reload'], signal);
      if (!z.object({ enabled: z.boolean() }).parse(before).enabled)
        await systemctl(['disable', ownUnit], signal);
      return done;
    },
  };
}

/** Notes whether our unit ran; the last thing that an undo does is to have it observe again. */
export function ownUnitStep(signal: AbortSignal): AdoptionStep {
  return {
    id: 'own-unit',
    what: `note how ${ownUnit} is`,
    undo: `sudo systemctl restart ${ownUnit}`,
    look: async () => ({ active: (await unitState(ownUnit, signal))?.active ?? false }),
    run: () => Promise.resolve(done),
    stands: () => Promise.resolve(true),
    revert: async (before) => {
      if (z.object({ active: z.boolean() }).parse(before).active)
        await systemctl(['restart', ownUnit], signal);
      return done;
    },
  };
}

/** The controller begins to write: the unit reads the settings that let it. */
export function liveStep(signal: AbortSignal, isLive: () => Promise<boolean>): AdoptionStep {
  return {
    id: 'live',
    what: `restart ${ownUnit}: it pushes from now on`,
    undo: `sudo systemctl stop ${ownUnit}`,
    look: () => Promise.resolve({}),
    run: async () => {
      await mustSystemctl(['restart', ownUnit], signal);
      return done;
    },
    stands: isLive,
    revert: async () => {
      await systemctl(['stop', ownUnit], signal);
      return done;
    },
  };
}
