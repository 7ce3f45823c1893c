import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { inputOf, keyringOf, recipientsOf } from '../secrets.ts';
import { repeated } from '../words.ts';

export const command: CommandModule = {
  configure: (encrypt) => {
    encrypt
      .option('--recipient <key>', 'seal to this one (age1…); may be repeated', repeated)
      .addHelpText(
        'after',
        '\nThe value comes on standard input, never on the command line, where every user of the machine can read it. One line end at its end is left out.',
      );
  },
  examples: ['syncctl secret encrypt < value.txt'],
  run: async (call) => {
    const ring = await keyringOf(call);
    const recipients = await recipientsOf(call, ring);
    const { plainLimit } = await import('../../registry/sealed/envelope.ts');
    const bytes = await inputOf(call, 'value', plainLimit);
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw new SyncError('usage', 'value: expected UTF-8 text on standard input, got other bytes');
    }
    const value = await ring.seal(new Uint8Array(bytes), recipients);
    await call.print({
      value: { apiVersion, kind: 'SealedValue', value, recipients },
      table: () => `${value}\n`,
    });
    return exitCodes.ok;
  },
};
