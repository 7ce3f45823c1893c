import { join } from 'node:path';
import {
  mustSystemctl,
  ownUnit,
  unitFolder,
  unitState,
  unitText,
  writeUnit,
} from '../../enrol/setup/systemd.ts';
import type { Call } from '../call.ts';
import type { Deed, Kept } from './deed.ts';

/** The unit of the daemon, and its start. `start` was asked for, or agreed to. */
export async function unitDeeds(call: Call, start: boolean): Promise<readonly (Deed | Kept)[]> {
  const { uid, signal } = call.context;
  if (call.given('unit', false)) return [];
  if (uid !== 0)
    return [{ name: 'unit', kept: 'the unit is for root alone: run the daemon with: syncctl daemon' }];
  const state = await unitState(ownUnit, signal);
  if (state === undefined)
    return [{ name: 'unit', kept: 'systemd does not run here: run the daemon with: syncctl daemon' }];
  const file = join(unitFolder, ownUnit);
  const text = await unitText([process.execPath, process.argv[1] ?? 'syncctl']);
  const written: Deed | Kept =
    state.load === 'loaded'
      ? { name: 'unit', kept: `the unit ${state.file} stays as it is` }
      : {
          name: 'unit',
          what: `write ${file}`,
          undo: `sudo rm ${file} && sudo systemctl daemon-reload`,
          run: () => writeUnit(text, signal),
        };
  if (!start) return [written];
  // A unit that runs has read the settings of before.
  const again = state.active;
  const started: Deed = {
    name: 'start',
    what: `enable and ${again ? 'restart' : 'start'} ${ownUnit}`,
    undo: `sudo systemctl disable --now ${ownUnit}`,
    run: async () => {
      await mustSystemctl(['enable', ownUnit], signal);
      await mustSystemctl([again ? 'restart' : 'start', ownUnit], signal);
    },
  };
  return [written, started];
}
