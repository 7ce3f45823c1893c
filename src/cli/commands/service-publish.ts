import { publishSteps } from '../../registry/operations/services.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { pickService } from '../pick.ts';
import { addRoutingOptions, routingOf } from '../routing-options.ts';

export const command: CommandModule = {
  configure: (publish) => {
    publish
      .argument('<service>', 'name in the registry')
      .addHelpText(
        'after',
        '\nThe routing is written before the service becomes public:\nhalf-way, nothing is served that should not be.',
      );
    addRoutingOptions(publish);
    addChangeOptions(publish);
  },
  examples: [
    'syncctl service publish demo',
    'syncctl service publish demo --domain curiios.com --vps contabo-vps',
  ],
  run: async (call) => {
    const name = call.need(0);
    return change(call, ({ snapshot, now }) => {
      pickService(name, snapshot.services);
      return {
        done: `${name} is public`,
        steps: publishSteps(name, snapshot, { routing: routingOf(call, snapshot, name), now }),
      };
    });
  },
};
