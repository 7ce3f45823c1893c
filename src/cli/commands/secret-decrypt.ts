import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { inputOf, keyringOf } from '../secrets.ts';

export const command: CommandModule = {
  configure: (decrypt) => {
    decrypt.addHelpText('after', '\nTakes the value with or without the quotes of JSON.');
  },
  examples: ['syncctl secret decrypt < sealed.txt'],
  run: async (call) => {
    const ring = await keyringOf(call);
    const { envelopeLimit } = await import('../../registry/sealed/envelope.ts');
    const text = (await inputOf(call, 'sealed value', envelopeLimit + 2)).toString('utf8').trim();
    const opened = await ring.open(text.replace(/^"(.*)"$/u, '$1'));
    if (!opened.ok)
      throw new SyncError(
        'data',
        `sealed value: expected one that can be opened, got one that cannot: ${opened.reason}`,
        {
          remedy: 'name its identity in secrets.identity',
        },
      );
    await call.print({
      value: { apiVersion, kind: 'OpenedValue', value: opened.plain },
      table: () => `${opened.plain}\n`,
    });
    return exitCodes.ok;
  },
};
