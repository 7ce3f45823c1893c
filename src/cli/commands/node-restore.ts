import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  configure: (restore) => {
    restore
      .argument('<node>', 'name, address or id of an orphaned node')
      .option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl node restore contabo-vps'],
  run: async (call) => {
    const node = call.need(0);
    await (await call.controller()).restoreNode(node, call.actor(call.text('reason')));
    call.note('success', `The row of ${node} is back`);
    return exitCodes.ok;
  },
};
