import { unrouteSteps } from '../../registry/operations/routing.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { needRow } from '../raw-rows.ts';

export const command: CommandModule = {
  configure: (unroute) => {
    unroute
      .argument('<service>', 'name in the routing registry')
      .argument('[domains...]', 'these domains; all of them when left out');
    addChangeOptions(unroute);
    unroute.addHelpText(
      'after',
      '\nThe last route of a cluster stays as an entry without domains: an empty routing registry would mean the single domain.',
    );
  },
  examples: ['syncctl domain unroute demo', 'syncctl domain unroute demo curiios.com'],
  run: async (call) => {
    const service = call.need(0);
    const domains = call.words(1).map((word) => word.toLowerCase());
    return change(call, ({ objects, now }) => {
      needRow(objects, { object: 'domain-registry', key: 'routing.json', name: service });
      return {
        done: `${service} is routed no more${domains.length === 0 ? '' : ` to ${domains.join(', ')}`}`,
        steps: unrouteSteps(service, domains.length === 0 ? undefined : domains, now),
      };
    });
  },
};
