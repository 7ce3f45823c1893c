import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { needRegistries } from '../registries.ts';
import { keyringOf } from '../secrets.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (check) => {
    check.addHelpText('after', '\nExit codes: 0 every sealed value opens, 65 one does not.');
  },
  examples: ['syncctl secret check', 'syncctl secret check -o json'],
  run: async (call) => {
    const ring = await keyringOf(call);
    const { objects } = await needRegistries(call);
    const { placesOf } = await import('../../registry/sealed/places.ts');
    const values = await Promise.all(
      placesOf(objects.values()).map(async ({ path, value }) => {
        const opened = await ring.open(value);
        return { path, opens: opened.ok, reason: opened.ok ? null : opened.reason };
      }),
    );
    const closed = values.filter(({ opens }) => !opens).length;
    await call.print({
      value: {
        apiVersion,
        kind: 'SecretCheck',
        recipients: await ring.recipients(),
        problems:
          (await call.settings()).secrets.identity.length === 0 && values.length === 0 ? [] : ring.problems(),
        values,
      },
      table: () =>
        table(
          ['place', 'opens', 'reason'],
          values.map(({ path, opens, reason }) => [printable(path), opens ? 'yes' : 'no', reason ?? '']),
        ),
    });
    call.note(
      closed === 0 ? 'success' : 'error',
      `${counted(values.length, 'sealed value')}, ${closed === 0 ? 'all of them open' : `${String(closed)} cannot be opened`}`,
    );
    return closed === 0 ? exitCodes.ok : exitCodes.data;
  },
};
