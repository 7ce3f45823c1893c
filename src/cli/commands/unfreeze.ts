import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { freezeScope } from '../freeze-scope.ts';

export const command: CommandModule = {
  configure: (unfreeze) => {
    unfreeze
      .argument('[nodes...]', 'names, addresses or ids')
      .option('--type <type>', 'all nodes of a type')
      .option('--all', 'the freeze of everything; those of types and nodes stay')
      .option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl unfreeze --all', 'syncctl unfreeze --type vps', 'syncctl unfreeze contabo-vps'],
  run: async (call) => {
    const scope = freezeScope(call, 'unfreeze');
    const actor = call.actor(call.text('reason'));
    const { ended } = await (await call.controller()).steering.unfreeze({ scope, actor });
    await call.print({
      value: { apiVersion: 'sync-controller/v1', kind: 'Unfrozen', ended },
      table: () => '',
    });
    for (const what of ended)
      call.note('success', `${what}: pushed again; freeze it with: syncctl freeze … --for 2h --reason "…"`);
    return exitCodes.ok;
  },
};
