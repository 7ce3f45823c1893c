import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { rolloutPage } from '../output/rollout.ts';

export const command: CommandModule = {
  configure: (resume) => {
    resume.option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl rollout resume'],
  run: async (call) => {
    const actor = call.actor(call.text('reason'));
    const rollout = await (await call.controller()).steering.resumeRollout(actor);
    await call.print({ value: rollout, table: () => rolloutPage(rollout) });
    call.note('success', 'The rollout goes on; hold it again with: syncctl rollout pause --reason "…"');
    return exitCodes.ok;
  },
};
