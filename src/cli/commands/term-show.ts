import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { pairs } from '../output/pairs.ts';

export const command: CommandModule = {
  configure: () => undefined,
  examples: ['syncctl term show', 'syncctl term show -o json'],
  run: async (call) => {
    const { term, standing, standingReason, daemon } = await (await call.controller()).status();
    await call.print({
      value: { apiVersion, kind: 'Term', term, standing, standingReason, daemon },
      table: () =>
        pairs([
          ['Epoch', term === null ? 'no term has begun' : String(term.epoch)],
          ['Writer', term?.writer ?? '-'],
          ['Cluster id', term?.clusterId ?? '-'],
          ['Standing', standingReason === '' ? standing : `${standing}: ${standingReason}`],
          ['Held by', daemon ? 'the daemon' : 'nobody: no daemon runs'],
        ]),
    });
    return exitCodes.ok;
  },
};
