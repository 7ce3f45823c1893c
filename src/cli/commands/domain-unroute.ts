import { SyncError } from '../../lib/errors.ts';
import { quoted } from '../../lib/text.ts';
import { unrouteSteps } from '../../registry/operations/routing.ts';
import { fieldOf, isRow } from '../../registry/quarantine.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { needRow, rawRows } from '../raw-rows.ts';

export const command: CommandModule = {
  configure: (unroute) => {
    unroute
      .argument('<service>', 'name in the routing registry')
      .argument('[domains...]', 'these domains; all of them when left out');
    addChangeOptions(unroute);
    unroute.addHelpText(
      'after',
      '\nThe last route of a cluster stays as an entry without domains:\nan empty routing registry would mean the single domain.',
    );
  },
  examples: ['syncctl domain unroute demo', 'syncctl domain unroute demo curiios.com'],
  run: async (call) => {
    const service = call.need(0);
    const domains = call.words(1).map((word) => word.toLowerCase());
    return change(call, ({ objects, now }) => {
      const place = { object: 'domain-registry', key: 'routing.json', name: service } as const;
      needRow(objects, place);
      // As they stand, so that a route to a domain that is not registered can be ended, too.
      const routed = domainsOf(rawRows(objects, place.object, place.key)[service]);
      for (const domain of domains)
        if (!routed.includes(domain))
          throw new SyncError(
            'notFound',
            `domain: expected one to which ${service} is routed (${routed.join(', ') || 'none'}), got ${quoted(domain)}`,
            { remedy: 'list them with: syncctl domain list' },
          );
      return {
        done: `${service} is routed no more${domains.length === 0 ? '' : ` to ${domains.join(', ')}`}`,
        steps: unrouteSteps(service, domains.length === 0 ? undefined : domains, now),
      };
    });
  },
};

function domainsOf(row: unknown): readonly string[] {
  const domains = isRow(row) ? fieldOf(row, 'domains') : undefined;
  return Array.isArray(domains) ? domains.filter((domain) => typeof domain === 'string') : [];
}
