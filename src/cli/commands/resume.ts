import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { nodeOrAll } from '../pick.ts';

export const command: CommandModule = {
  configure: (resume) => {
    resume
      .argument('[node]', 'one node; everything when left out')
      .option('--all', 'everything, said aloud')
      .option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl resume', 'syncctl resume contabo-vps'],
  run: async (call) => {
    const node = nodeOrAll(call);
    await (await call.controller()).resume(node, call.actor(call.text('reason')));
    call.note(
      'success',
      `Pushing to ${node ?? 'all nodes'} goes on; hold it again with: syncctl pause ${node ?? '--all'} --reason "…"`,
    );
    return exitCodes.ok;
  },
};
