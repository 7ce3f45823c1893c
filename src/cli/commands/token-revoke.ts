import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';

export const command: CommandModule = {
  configure: (revoke) => {
    revoke.argument('<name>', 'the name of the token').option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl token revoke grafana --reason "moved to another host"'],
  run: async (call) => {
    const name = call.need(0);
    const { tokens } = await call.controller();
    const known = (await tokens.list()).find((one) => one.name === name);
    await tokens.revoke({ name, actor: call.actor(call.text('reason')) });
    call.note('success', `${name} may not use the API any more`);
    call.note(
      'info',
      `To undo: syncctl token create ${name} --role ${known?.role ?? 'viewer'} (with a new secret)`,
    );
    return exitCodes.ok;
  },
};
