import { exitCodes } from '../../lib/errors.ts';
import { publicDomainOf } from '../../model/host-names.ts';
import { isEdge } from '../../model/node-types.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { needRegistries } from '../registries.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl domain list', 'syncctl domain list -o json'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const routes = [...snapshot.routes.values()];
    const domains = [...snapshot.domains.values()].map((domain) => ({
      ...domain,
      services: routes.filter((route) => route.domains.includes(domain.name)).map((route) => route.service),
    }));
    const vps = [...snapshot.vpsRecords.values()];
    const served = new Set(
      [...snapshot.nodes.values()].filter(isEdge).map((node) => publicDomainOf(node, snapshot)),
    );
    const text = (): string => {
      const first = table(
        ['domain', 'services', 'registered', 'description'],
        domains.map((domain) => [
          domain.name,
          snapshot.multiDomain ? domain.services.join(' ') : served.has(domain.name) ? 'all public ones' : '',
          domain.registered ?? '',
          domain.description,
        ]),
      );
      const second = table(
        ['vps', 'public ip', 'location', 'registered'],
        vps.map((record) => [record.tailscaleIp, record.publicIp, record.location, record.registered ?? '']),
      );
      return `${first}\n${second}`;
    };
    await call.print({
      value: {
        apiVersion,
        kind: 'DomainList',
        mode: snapshot.multiDomain ? 'multi-domain' : 'single-domain',
        domains,
        vps,
        routes,
      },
      table: text,
    });
    return exitCodes.ok;
  },
};
