import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { nodeOrAll } from '../pick.ts';
import { reasonOf } from '../words.ts';

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
    const node = nodeOrAll(call);
    const actor = call.actor(reasonOf(call.text('reason')));
    await (await call.controller()).pause(node, actor);
    call.note(
      'success',
      `Pushing to ${node ?? 'all nodes'} is paused; end it with: syncctl resume${node === undefined ? '' : ` ${node}`}`,
    );
    return exitCodes.ok;
  },
};
