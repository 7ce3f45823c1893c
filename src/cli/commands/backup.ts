import { resolve } from 'node:path';
import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (backup) => {
    backup
      .argument('<file>', 'a new file, such as sync-controller.tar.gz')
      .addHelpText(
        'after',
        '\nSaves both databases, what is in force, the last good registries, pauses and the term. The registries themselves and private keys are not in it. A daemon goes on working.',
      );
  },
  examples: ['syncctl backup /var/backups/sync-controller-monday.tar.gz'],
  run: async (call) => {
    const { writeBackup } = await import('../../compose/backup/backup.ts');
    const file = resolve(call.context.cwd, call.need(0));
    const { stateDirectory } = (await call.settings()).daemon;
    const saved = await writeBackup({ stateDirectory, file, clock: call.context.clock });
    const { version, at, files, size } = saved;
    await call.print({
      value: {
        apiVersion,
        kind: 'BackupReport',
        file,
        bytes: size,
        version,
        at,
        files: files.map(({ path }) => path),
      },
      table: () => '',
    });
    call.note('success', `${counted(files.length, 'file')} of ${stateDirectory} saved in ${file}`);
    call.note('info', `To bring it back: syncctl restore ${file}`);
    return exitCodes.ok;
  },
};
