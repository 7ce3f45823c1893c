import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { rolloutPage } from '../output/rollout.ts';
import { reasonOf } from '../words.ts';

export const command: CommandModule = {
  configure: (pause) => {
    pause.requiredOption('--reason <text>', 'why, for the audit and for whoever finds it paused');
  },
  examples: ['syncctl rollout pause --reason "the canary looks slow"'],
  run: async (call) => {
    const actor = call.actor(reasonOf(call.text('reason')));
    const rollout = await (await call.controller()).steering.pauseRollout(actor);
    await call.print({ value: rollout, table: () => rolloutPage(rollout) });
    call.note('success', 'No further batch gets the revision; go on with: syncctl rollout resume');
    return exitCodes.ok;
  },
};
