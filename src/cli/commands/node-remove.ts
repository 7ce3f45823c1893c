import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  configure: (remove) => {
    remove
      .argument('<node>', 'name, address or id, of a registered or an orphaned node')
      .option(
        '--abandon',
        'forget it without withdrawing anything from it, also where a removal is under way',
      )
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nA node that does not answer keeps a tombstone until what we installed on it is withdrawn.\nExit codes: 0 withdrawn or abandoned, 1 pending.',
      );
  },
  examples: ['syncctl node remove dev-laptop', 'syncctl node remove old-vps --abandon --yes'],
  run: async (call) => {
    const controller = await call.controller();
    const abandon = call.flag('abandon');
    await call.confirm(`${abandon ? 'Forget' : 'Remove'} ${call.need(0)}?`, [
      abandon
        ? 'What we installed stays on it.'
        : 'What we installed on it is withdrawn first: its managed block, or its routes.',
    ]);
    const report = await controller.removeNode({
      node: call.need(0),
      abandon,
      actor: call.actor(call.text('reason')),
    });
    await call.print({ value: report, table: () => `${report.name}: ${report.result}\n` });
    if (report.result !== 'pending') return exitCodes.ok;
    call.note(
      'warn',
      `${report.name} keeps a tombstone until it answers (${report.cause ?? 'unknown'}: ${report.evidence}); give it up with: syncctl node remove ${report.name} --abandon`,
    );
    return exitCodes.failure;
  },
};
