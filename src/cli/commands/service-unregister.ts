import { unregisterSteps } from '../../registry/operations/services.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { needRow } from '../raw-rows.ts';

export const command: CommandModule = {
  configure: (unregister) => {
    addChangeOptions(unregister.argument('<service>', 'name in the registry'));
  },
  examples: ['syncctl service unregister demo'],
  run: async (call) => {
    const name = call.need(0);
    return change(call, (ground) => {
      needRow(ground.objects, { object: 'service-registry', key: 'services.json', name });
      return {
        done: `${name} is removed from the registry`,
        steps: unregisterSteps(name, ground.snapshot, ground.now),
      };
    });
  },
};
