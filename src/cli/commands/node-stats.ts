import { builtInNodeTypes } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { needRegistries } from '../registries.ts';
import { metadataOf } from '../metadata.ts';

const headings = {
  management_laptops: 'Management Laptops',
  vps_nodes: 'VPS Nodes',
  worker_nodes: 'Worker Nodes',
} as const;

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl node stats'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const { lastUpdated, updatedBy } = await metadataOf(call);
    const counts = Object.fromEntries(
      builtInNodeTypes.map((type) => [
        type,
        [...snapshot.nodes.values()].filter((node) => node.type === type).length,
      ]),
    );
    const lines = [
      'Registry Statistics:',
      ...builtInNodeTypes.map((type) => `  ${headings[type]}: ${String(counts[type] ?? 0)}`),
      `  Last Updated: ${lastUpdated ?? 'never'}`,
      `  Updated By: ${updatedBy ?? 'unknown'}`,
    ];
    await call.print({
      value: {
        apiVersion,
        kind: 'NodeStatistics',
        counts,
        lastUpdated: lastUpdated ?? null,
        updatedBy: updatedBy ?? null,
      },
      table: () => `${printable(lines.join('\n'))}\n`,
    });
    return exitCodes.ok;
  },
};
