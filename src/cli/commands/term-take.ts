import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../catalogue.ts';
import { apiVersion } from '../output/structured.ts';

export const command: CommandModule = {
  configure: (take) => {
    take
      .requiredOption('--reason <text>', 'why, for the audit')
      .option('--yes', 'do not ask')
      .addHelpText('after', '\nThe other control plane is fenced off by every node that takes this term. Stop it first where you can.');
  },
  examples: ['syncctl term take --reason "the old control plane is gone"'],
  run: async (call) => {
    const controller = await call.controller();
    const { standing, standingReason } = await controller.status();
    await call.confirm('Begin a new term over every other writer?', standing === 'rival' ? [`The rival: ${standingReason}`] : []);
    const term = await controller.takeTerm(call.actor(call.text('reason')));
    await call.print({
      value: { apiVersion, kind: 'TermTaken', ...term },
      table: () => `epoch ${String(term.epoch)}, writer ${term.writer}\n`,
    });
    return exitCodes.ok;
  },
};
