import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { pairs } from '../output/pairs.ts';
import { apiVersion } from '../output/structured.ts';
import { pickService } from '../pick.ts';
import { needRegistries } from '../registries.ts';
import { namesOf, targetOfService } from '../../plan/service-names.ts';

export const command: CommandModule = {
  configure: (show) => {
    show.argument('<service>', 'name in the registry');
  },
  examples: ['syncctl service show demo', 'syncctl service show demo -o json'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const service = pickService(call.need(0), snapshot.services);
    const names = namesOf(service, snapshot);
    const route = snapshot.routes.get(service.name);
    await call.print({
      value: {
        apiVersion,
        kind: 'Service',
        ...service,
        internal: names.internal,
        hosts: names.public,
        route: route ?? null,
      },
      table: () =>
        printable(
          pairs([
            ['Name', service.name],
            ['Subdomain', service.subdomain === '' ? '"" (the bare cluster domain)' : service.subdomain],
            [
              'Kubernetes',
              service.namespace === undefined ? '-' : `${service.namespace}/${service.service ?? '?'}`,
            ],
            ['Target', targetOfService(service)],
            ['Inside', names.internal.join(', ') || '-'],
            ['Public', service.public ? 'yes' : 'no'],
            ['Hosts', names.public.join(', ') || '-'],
            [
              'Routed',
              route === undefined
                ? snapshot.multiDomain
                  ? 'nowhere'
                  : 'single domain: through every VPS'
                : `${route.domains.join(', ')} through ${route.vpsNodes.join(', ')} (${route.strategy})`,
            ],
            ['Updated', service.updated ?? '-'],
          ]),
        ),
    });
    return exitCodes.ok;
  },
};
