import { SyncError } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { discover, type ServiceChange } from '../../registry/discover.ts';
import { discoverySteps } from '../../registry/operations/services.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change } from '../change.ts';
import { rawRows } from '../raw-rows.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (discovery) => {
    addChangeOptions(discovery);
    discovery.addHelpText(
      'after',
      '\nNever touches `public`. Removes entries that discovery wrote and whose Service is gone,\nnever one written by hand.',
    );
  },
  examples: ['syncctl service discover --dry-run', 'syncctl service discover --yes'],
  run: async (call) => {
    const found = await (await call.source()).loadBalancers(call.context.signal);
    if (found === undefined) {
      throw new SyncError(
        'unavailable',
        'discover: expected a Kubernetes source, got a folder, which has no load balancers',
        { remedy: 'leave out --registry, or pass --kubeconfig' },
      );
    }
    return change(call, ({ objects, snapshot, now }) => {
      const rows = rawRows(objects, 'service-registry', 'services.json');
      const discovery = discover({ rows, found, clusterDomain: snapshot.clusterInfo.domain, now });
      for (const line of discovery.changes.map(told)) call.note('info', line);
      for (const { name, reason } of discovery.skipped) call.note('warn', `${name}: ${printable(reason)}`);
      const count = (kind: ServiceChange['kind']): number =>
        discovery.changes.filter((one) => one.kind === kind).length;
      const done = `${counted(count('add'), 'service')} added, ${String(count('change'))} changed, ${String(count('remove'))} removed`;
      return { done, steps: discoverySteps(discovery), ask: count('remove') > 0 };
    });
  },
};

function told(one: ServiceChange): string {
  switch (one.kind) {
    case 'add':
      return `adds ${one.name}: subdomain ${JSON.stringify(one.entry['subdomain'])}, ${String(one.entry['ip'])}:${String(one.entry['port'])}`;
    case 'change':
      return `changes ${one.name}: ${Object.keys(one.was)
        .map(
          (field) =>
            `${field} ${JSON.stringify(one.was[field] ?? null)} to ${JSON.stringify(one.fields[field])}`,
        )
        .join(', ')}`;
    case 'remove':
      return `removes ${one.name}: its Service is gone`;
  }
}
