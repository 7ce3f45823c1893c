import type { CommandModule } from '../command.ts';
import { wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (adopt) => {
    adopt
      .option('--dry-run', 'show the whole plan and do nothing')
      .option('--undo', 'take the adoption back, the last step first')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nTakes a cluster over from the predecessor after `syncctl init --takeover`. Each step prints the command that takes it back.\nWhatever breaks off, the next run goes on from there. A node that is away waits, paused, for the next run.\nExit codes: 0 all of it is done and verified, 1 something waits or is not verified.',
      );
  },
  examples: ['syncctl adopt --dry-run', 'syncctl adopt', 'syncctl adopt --undo --yes'],
  run: async (call) => {
    if (call.flag('dryRun') && call.flag('undo'))
      throw wrongWord(
        {
          place: '--undo',
          expected: 'no --dry-run beside it',
          remedy: 'it shows what it takes back before it asks',
        },
        '--dry-run',
      );
    const { adopt, showAdoption, undoAdoption } = await import('../adopt/run.ts');
    if (call.flag('dryRun')) return showAdoption(call);
    return call.flag('undo') ? undoAdoption(call) : adopt(call);
  },
};
