import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { rolloutPage } from '../output/rollout.ts';
import { reasonOf } from '../words.ts';

export const command: CommandModule = {
  configure: (unpin) => {
    unpin
      .requiredOption('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nThe revision is rolled out again from its first batch. An edit of the registry ends a pin, too.',
      );
  },
  examples: ['syncctl unpin --reason "the canary had a full disk"'],
  run: async (call) => {
    const actor = call.actor(reasonOf(call.text('reason')));
    const rollout = await (await call.controller()).steering.unpin(actor);
    await call.print({ value: rollout, table: () => rolloutPage(rollout) });
    call.note(
      'success',
      'The revision is pushed again; pin it once more with: syncctl rollout abort --reason "…"',
    );
    return exitCodes.ok;
  },
};
