import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { reasonOf } from '../words.ts';

export const command: CommandModule = {
  configure: (take) => {
    take
      .requiredOption('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nThe other control plane is fenced off by every node that takes this term.\nStop it first where you can.',
      );
  },
  examples: ['syncctl term take --reason "the old control plane is gone"'],
  run: async (call) => {
    const actor = call.actor(reasonOf(call.text('reason')));
    const controller = await call.controller();
    // The reason that has to be given is the confirmation: the remedy printed beside a rival must work as it stands, in a script too.
    const term = await controller.takeTerm(actor);
    await call.print({
      value: { apiVersion, kind: 'TermTaken', ...term },
      table: () => `epoch ${String(term.epoch)}, writer ${term.writer}\n`,
    });
    return exitCodes.ok;
  },
};
