import type { Service } from '../../model/service.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { needRegistries } from '../registries.ts';
import { namesOf, targetOfService } from '../../plan/service-names.ts';

export const command: CommandModule = {
  configure: (list) => {
    list.option('--public', 'public services alone');
  },
  examples: ['syncctl service list', 'syncctl service list --public -o wide'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const services = [...snapshot.services.values()].filter(
      (service) => !call.flag('public') || service.public,
    );
    const coordinates = ({ namespace, service }: Service): string =>
      namespace === undefined ? '' : `${namespace}/${service ?? '?'}`;
    const rows = services.map((service) => ({ service, names: namesOf(service, snapshot) }));
    const several = snapshot.sources === undefined ? [] : ['source'];
    await call.print({
      value: {
        apiVersion,
        kind: 'ServiceList',
        services: rows.map(({ service, names }) => ({
          ...service,
          internal: names.internal,
          hosts: names.public,
        })),
      },
      table: () =>
        table(
          ['name', 'subdomain', 'target', 'public', 'hosts'],
          rows.map(({ service, names }) => [
            service.name,
            service.subdomain === '' ? '""' : service.subdomain,
            targetOfService(service),
            service.public ? 'yes' : 'no',
            names.public.join(' '),
          ]),
        ),
      wide: () =>
        table(
          ['name', 'subdomain', 'target', 'public', 'hosts', 'internal', 'kubernetes', 'updated', ...several],
          rows.map(({ service, names }) => [
            service.name,
            service.subdomain === '' ? '""' : service.subdomain,
            targetOfService(service),
            service.public ? 'yes' : 'no',
            names.public.join(' '),
            names.internal.join(' '),
            coordinates(service),
            service.updated ?? '',
            ...several.map(() => service.source ?? ''),
          ]),
        ),
    });
    return exitCodes.ok;
  },
};
