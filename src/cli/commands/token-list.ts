import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl token list', 'syncctl token list -o json'],
  run: async (call) => {
    const tokens = await (await call.controller()).tokens.list();
    await call.print({
      value: { apiVersion, kind: 'Tokens', tokens },
      table: () =>
        table(
          ['name', 'role', 'since', 'by', 'until', 'why'],
          tokens.map((one) => [
            ...[one.name, one.role, one.since, one.by],
            one.over ? `over since ${one.expires ?? ''}` : (one.expires ?? 'it is revoked'),
            one.why ?? '',
          ]),
        ),
    });
    return exitCodes.ok;
  },
};
