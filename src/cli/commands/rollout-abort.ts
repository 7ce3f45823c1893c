import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { rolloutPage } from '../output/rollout.ts';
import { reasonOf } from '../words.ts';

export const command: CommandModule = {
  configure: (abort) => {
    abort
      .option('--hold', 'leave the revision on the nodes that have it')
      .requiredOption('--reason <text>', 'why, for the audit and for whoever finds it pinned')
      .addHelpText(
        'after',
        '\nPins the revision. Nodes that have it get the last good one back, unless the policy or --hold says that they keep it.',
      );
  },
  examples: [
    'syncctl rollout abort --reason "wrong address"',
    'syncctl rollout abort --hold --reason "looking"',
  ],
  run: async (call) => {
    const actor = call.actor(reasonOf(call.text('reason')));
    const { steering } = await call.controller();
    const rollout = await steering.abortRollout({ hold: call.flag('hold'), actor });
    await call.print({ value: rollout, table: () => rolloutPage(rollout) });
    const what =
      rollout.phase === 'held'
        ? 'nodes that have it keep it'
        : 'it is taken back from the nodes that have it';
    call.note(
      'success',
      `The revision is pinned, and ${what}; push it after all with: syncctl unpin --reason "…"`,
    );
    return exitCodes.ok;
  },
};
