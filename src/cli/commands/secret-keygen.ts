import { resolve } from 'node:path';
import { mustBeNew } from '../../lib/archive.ts';
import { exitCodes, SyncError } from '../../lib/errors.ts';
import { writeAtomic } from '../../lib/files.ts';
import { isoSeconds } from '../../lib/clock.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { keyringOf } from '../secrets.ts';

export const command: CommandModule = {
  configure: (keygen) => {
    keygen
      .argument('<file>', 'a new file, such as /etc/sync-controller/secrets.age')
      .addHelpText(
        'after',
        '\nThe file can be read by its owner alone: run it as the user of the daemon, or give the file to that one. Name it in secrets.identity, and keep a copy where the registries are not.',
      );
  },
  examples: ['syncctl secret keygen /etc/sync-controller/secrets.age'],
  run: async (call) => {
    const file = resolve(call.context.cwd, call.need(0));
    mustBeNew(file);
    const { identity, recipient } = await (await keyringOf(call)).mint();
    const text = `# created: ${isoSeconds(call.context.clock.now())}\n# public key: ${recipient}\n${identity}\n`;
    try {
      writeAtomic(file, text, { mode: 0o600 });
    } catch (error) {
      throw new SyncError('permission', `${file}: expected a file that can be written, got none`, {
        remedy: 'name a file in a folder that exists and that you may write',
        cause: error,
      });
    }
    await call.print({
      value: { apiVersion, kind: 'SecretIdentity', file, recipient },
      table: () => `${recipient}\n`,
    });
    call.note('success', `The identity is in ${file}; values are sealed to the recipient above`);
    const { identity: named } = (await call.settings()).secrets;
    if (!named.includes(file)) call.note('info', `Name it in the settings: secrets: {identity: [${file}]}`);
    call.note('info', `To undo, once nothing is sealed to it: syncctl secret check && rm ${file}`);
    return exitCodes.ok;
  },
};
