import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  configure: (pause) => {
    pause
      .argument('[node]', 'one node; everything when left out')
      .option('--all', 'everything, said aloud')
      .requiredOption('--reason <text>', 'why, for the audit and for whoever finds it paused');
  },
  examples: [
    'syncctl pause --all --reason "moving the VPS"',
    'syncctl pause contabo-vps --reason "kernel upgrade"',
  ],
  run: async (call) => {
    const node = call.flag('all') ? undefined : call.word(0);
    await (await call.controller()).pause(node, call.actor(call.text('reason')));
    call.note(
      'success',
      `Pushing to ${node ?? 'all nodes'} is paused; end it with: syncctl resume${node === undefined ? '' : ` ${node}`}`,
    );
    return exitCodes.ok;
  },
};
