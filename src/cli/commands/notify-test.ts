import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (test) => {
    test
      .argument('[target]', 'the name of one target; all of notify.targets where it is left out')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nA running daemon sends it itself, with the rights and the settings that its alerts have.\nExit codes: 0 every target has taken it, 1 at least one has not, 66 no such target, 78 no target is set.',
      );
  },
  examples: ['syncctl notify test', 'syncctl notify test ops-mail -o json'],
  run: async (call) => {
    const { notices } = await call.controller();
    const target = call.word(0);
    const { results } = await notices.test({ target, actor: call.actor(call.text('reason')) });
    const failed = results.filter(({ ok }) => !ok).length;
    await call.print({
      value: { apiVersion, kind: 'NoticeTest', sent: results.length - failed, failed, results },
      table: () =>
        table(
          ['target', 'kind', 'place', 'result', 'took'],
          results.map(({ target: name, kind, place, ok, reason, tookMs }) => [
            ...[name, kind, place, ok ? 'taken' : reason],
            `${String(tookMs)} ms`,
          ]),
        ),
    });
    if (failed > 0) call.note('error', `${counted(failed, 'target')} did not take the test message`);
    return failed === 0 ? exitCodes.ok : exitCodes.failure;
  },
};
