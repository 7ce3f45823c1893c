import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { Progress } from '../output/progress.ts';
import { tellRollout } from '../output/rollout.ts';
import { needStatus } from '../registries.ts';
import { hoursOf } from '../words.ts';
import { printPush } from './push.ts';

export const command: CommandModule = {
  configure: (reconcile) => {
    reconcile
      .argument('[hours]', 'go on for ever, one pass in so many hours, without watching')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText('after', '\nWithout hours: one pass now, then the end. Exit codes as push.');
  },
  examples: ['syncctl reconcile', 'syncctl reconcile 1'],
  ownsSignals: (call) => call.word(0) !== undefined,
  run: async (call) => {
    const hours = call.word(0);
    if (hours !== undefined) {
      call.override('reconcile.periodHours', hoursOf(hours, 'one pass now'));
      return call.daemon('reconcile');
    }
    const controller = await call.controller();
    const progress = new Progress(call, await needStatus(controller));
    const report = await progress.until(
      controller.reconcile(call.actor(call.text('reason')), progress.onNode),
    );
    tellRollout(call, report.rollout);
    await printPush(call, report);
    return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
  },
};
