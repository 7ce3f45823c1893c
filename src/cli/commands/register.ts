import { exitCodes } from '../../lib/errors.ts';
import { nodeTypeNames } from '../../model/node-types.ts';
import { nodeAddress, nodeName, sshUser } from '../../registry/grammar.ts';
import { registerNodeSteps } from '../../registry/operations/nodes.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { nodeTypeOf } from '../node-types.ts';
import { stampOf } from '../stamp.ts';
import { checked, portOf } from '../words.ts';

export const command: CommandModule = {
  configure: (register) => {
    register
      .argument('<type>', nodeTypeNames.join(', '))
      .argument('<ip>', 'address')
      .argument('[name]', 'name in the registry; the address when left out')
      .argument('[user]', 'login on the node', 'root')
      .argument('[port]', 'webhook port of the predecessor, kept for its tools');
    addChangeOptions(register);
    register.addHelpText(
      'after',
      '\nWrites the row and nothing else, as the predecessor did.\nsyncctl node add also trusts, installs and proves.',
    );
  },
  examples: ['syncctl register vps_nodes 100.68.225.92 contabo-vps sammy'],
  run: async (call) => {
    const [name, port] = [call.word(2), call.word(4)];
    const node = {
      type: nodeTypeOf(call.word(0), 'type'),
      address: checked(nodeAddress, call.need(1), 'ip'),
      name: name === undefined || name === '' ? undefined : checked(nodeName, name, 'name'),
      sshUser: checked(sshUser, call.word(3) ?? 'root', 'user'),
      sshPort: undefined,
      webhookPort: port === undefined ? undefined : portOf(port, 'port'),
      publicDomain: undefined,
      labels: undefined,
    };
    const code = await change(call, ({ now }) => ({
      done: `${node.name ?? node.address} is registered`,
      steps: registerNodeSteps(node, stampOf(call, now)),
    }));
    if (code !== exitCodes.ok || call.flag('dryRun')) return code;
    call.note('info', `Trust its host key next: syncctl node trust ${node.name ?? node.address} --from scan`);
    return code;
  },
};
