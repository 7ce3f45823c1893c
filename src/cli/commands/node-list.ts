import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../catalogue.ts';
import { known } from '../health/known.ts';
import { healthReport } from '../health/report.ts';
import { age } from '../output/age.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { unreadable } from '../registries.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl node list', 'syncctl node list -o wide'],
  run: async (call) => {
    const facts = await known(call);
    const { registries } = facts;
    if (registries.state !== 'fresh') throw unreadable(registries.source, registries.reason, registries.remedy);
    const states = new Map(healthReport(facts).nodes.map((node) => [node.node, node]));
    const nodes = [...(registries.snapshot?.nodes.values() ?? [])].map((node) => {
      const state = states.get(node.id);
      return {
        node: node.id,
        name: node.name,
        type: node.type,
        address: node.address,
        user: node.sshUser,
        port: node.sshPort ?? null,
        pins: node.hostKeys.length,
        labels: node.labels,
        publicDomain: node.publicDomain ?? null,
        state: state?.state ?? 'pending_sync',
        lastSync: state?.lastSync ?? null,
      };
    });
    const now = call.context.clock.now();
    const labels = (all: Readonly<Record<string, string>>): string => Object.entries(all).map(([key, value]) => `${key}=${value}`).join(',');
    await call.print({
      value: { apiVersion, kind: 'NodeList', nodes },
      table: () => table(['name', 'type', 'address', 'user', 'state', 'last sync'], nodes.map((node) => [node.name, node.type, node.address, node.user, node.state, age(node.lastSync, now)])),
      wide: () =>
        table(
          ['name', 'type', 'address', 'user', 'state', 'last sync', 'port', 'pins', 'public domain', 'labels', 'id'],
          nodes.map((node) => [
            node.name, node.type, node.address, node.user, node.state, age(node.lastSync, now),
            node.port === null ? '' : String(node.port), String(node.pins), node.publicDomain ?? '', labels(node.labels), node.node,
          ]),
        ),
    });
    return exitCodes.ok;
  },
};
