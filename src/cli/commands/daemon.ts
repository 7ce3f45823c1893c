import type { CommandModule } from '../command.ts';
import { hoursOf } from '../words.ts';

export const command: CommandModule = {
  configure: (daemon) => {
    daemon.argument(
      '[hours]',
      'hours between two passes over all nodes; else the setting reconcile.periodHours',
    );
  },
  examples: ['syncctl daemon', 'syncctl daemon 1', 'syncctl --registry ./registry daemon'],
  ownsSignals: () => true,
  run: async (call) => {
    const hours = call.word(0);
    if (hours !== undefined)
      call.override('reconcile.periodHours', hoursOf(hours, 'the setting reconcile.periodHours'));
    return call.daemon('daemon');
  },
};
