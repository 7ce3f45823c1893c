import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { countOf } from '../history.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';

export const command: CommandModule = {
  configure: (audit) => {
    audit.option('--limit <count>', 'how many, the newest', '20');
  },
  examples: ['syncctl audit', 'syncctl audit --limit 500 -o json'],
  run: async (call) => {
    const limit = countOf(call.text('limit') ?? '20', '--limit');
    const entries = await (await call.controller()).audit(limit);
    await call.print({
      value: { apiVersion, kind: 'AuditReport', entries },
      table: () =>
        table(
          ['at', 'who', 'what', 'of', 'why'],
          entries.map(({ at, who, action, detail, why }) => [at, who, action, detail, why ?? '']),
        ),
    });
    return exitCodes.ok;
  },
};
