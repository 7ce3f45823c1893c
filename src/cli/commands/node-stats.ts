import { nodeTypeFacts } from '../../model/node-types.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { needRegistries } from '../registries.ts';
import { metadataOf } from '../metadata.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl node stats'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const { lastUpdated, updatedBy } = await metadataOf(call);
    const nodes = [...snapshot.nodes.values()];
    const counted = nodeTypeFacts
      .map((facts) => ({ ...facts, count: nodes.filter(({ type }) => type === facts.name).length }))
      .filter(({ builtIn, count }) => builtIn || count > 0);
    const lines = [
      'Registry Statistics:',
      ...counted.map(({ counted: what, count }) => `  ${what}: ${String(count)}`),
      `  Last Updated: ${lastUpdated ?? 'never'}`,
      `  Updated By: ${updatedBy ?? 'unknown'}`,
    ];
    await call.print({
      value: {
        apiVersion,
        kind: 'NodeStatistics',
        counts: Object.fromEntries(counted.map(({ name, count }) => [name, count])),
        lastUpdated: lastUpdated ?? null,
        updatedBy: updatedBy ?? null,
      },
      table: () => `${printable(lines.join('\n'))}\n`,
    });
    return exitCodes.ok;
  },
};
