import { unpublishSteps } from '../../registry/operations/services.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { needRow } from '../raw-rows.ts';

export const command: CommandModule = {
  configure: (unpublish) => {
    addChangeOptions(unpublish.argument('<service>', 'name in the registry'));
    unpublish.addHelpText('after', '\nThe service becomes private before its routing is removed.');
  },
  examples: ['syncctl service unpublish demo'],
  run: async (call) => {
    const name = call.need(0);
    return change(call, ({ objects, snapshot, now }) => {
      // Not asked of the good entries alone: closing never waits for tidiness.
      needRow(objects, { object: 'service-registry', key: 'services.json', name });
      return { done: `${name} is private`, steps: unpublishSteps(name, snapshot, now) };
    });
  },
};
