import { SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { offerJoin } from '../joining.ts';
import { pickNode } from '../pick.ts';
import { needRegistries } from '../registries.ts';

export const command: CommandModule = {
  configure: (rotate) => {
    rotate
      .argument('<node>', 'name, address or id of a node that fetches its configuration itself')
      .option('--now', 'end the old token at once, where it may be in wrong hands')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nPrints the line to run on the node, which also brings the receiver of this release. The old token ends when the new one is first used.',
      );
  },
  examples: ['syncctl node rotate-token home-server', 'syncctl node rotate-token home-server --now'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const node = pickNode(call.need(0), snapshot.nodes);
    if (node.pull !== true)
      throw new SyncError(
        'conflict',
        `node rotate-token: expected a node that fetches its configuration itself, got ${node.name}, which is reached over SSH`,
        { remedy: `syncctl node add ${node.address} --type ${node.type} --pull` },
      );
    return offerJoin(call, node, call.flag('now'));
  },
};
