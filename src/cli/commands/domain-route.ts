import { routeSteps } from '../../registry/operations/routing.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { pickService } from '../pick.ts';
import { addRoutingOptions, routing } from '../routing-options.ts';

export const command: CommandModule = {
  configure: (route) => {
    route
      .argument('<service>', 'name in the registry')
      .argument('[domains...]', 'domains to serve it on; the only registered one when left out')
      .option('--only', 'these domains alone, instead of these beside the present ones');
    addRoutingOptions(route);
    addChangeOptions(route);
    route.addHelpText(
      'after',
      '\nThe first route turns the cluster from one domain to several, where a service is served\nonly where it is routed: the services that are public now are routed to where they are in the same write.',
    );
  },
  examples: [
    'syncctl domain route demo curiios.com',
    'syncctl domain route demo curiios.com vinaysachdeva.com --vps contabo-vps --strategy primary-backup',
  ],
  run: async (call) => {
    const service = call.need(0);
    return change(call, ({ snapshot, now }) => {
      pickService(service, snapshot.services);
      const wanted = routing(call, snapshot, {
        service,
        domains: [...call.words(1), ...call.texts('domain')],
        only: call.flag('only'),
      });
      if (!snapshot.multiDomain)
        call.note('info', 'The first route: the services that are public now are routed to where they are');
      return {
        done: `${service} is routed to ${wanted.domains.join(', ')}`,
        steps: routeSteps(service, wanted, { snapshot, now }),
      };
    });
  },
};
