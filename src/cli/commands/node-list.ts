import type { Node } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { known } from '../health/known.ts';
import { healthReport, type HealthNode } from '../health/report.ts';
import { nodeTypeOf } from '../node-types.ts';
import { age } from '../output/age.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { unreadable } from '../registries.ts';

export const command: CommandModule = {
  configure: (list) => {
    list.option('--type <type>', 'nodes of one type alone');
  },
  examples: ['syncctl node list', 'syncctl node list --type vps -o wide'],
  run: async (call) => {
    const facts = await known(call);
    const { registries } = facts;
    if (registries.state !== 'fresh')
      throw unreadable(registries.source, registries.reason, registries.remedy);
    const states = new Map(healthReport(facts).nodes.map((node) => [node.node, node]));
    const wanted = call.text('type');
    const type = wanted === undefined ? undefined : nodeTypeOf(wanted, '--type');
    const all = [...(registries.snapshot?.nodes.values() ?? [])];
    const nodes = all
      .filter((node) => type === undefined || node.type === type)
      .map((node) => listed(node, states.get(node.id)));
    const now = call.context.clock.now();
    const headings = ['name', 'type', 'address', 'user', 'state', 'last sync'];
    const more = ['port', 'pins', 'public domain', 'labels', 'id'];
    await call.print({
      value: { apiVersion, kind: 'NodeList', nodes },
      table: () =>
        table(
          headings,
          nodes.map((node) => cells(node, now)),
        ),
      wide: () =>
        table(
          [...headings, ...more],
          nodes.map((node) => [...cells(node, now), ...moreCells(node)]),
        ),
    });
    return exitCodes.ok;
  },
};

type Listed = ReturnType<typeof listed>;

function listed(node: Node, state: HealthNode | undefined) {
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
}

function cells({ name, type, address, user, state, lastSync }: Listed, now: number): string[] {
  return [name, type, address, user, state, age(lastSync, now)];
}

function moreCells({ port, pins, publicDomain, labels, node }: Listed): string[] {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [port === null ? '' : String(port), String(pins), publicDomain ?? '', pairs.join(','), node];
}
