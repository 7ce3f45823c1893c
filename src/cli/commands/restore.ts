import { resolve } from 'node:path';
import { exitCodes } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (restore) => {
    restore
      .argument('<file>', 'a file of syncctl backup, or a folder that an earlier restore has kept aside')
      .option('--dry-run', 'prove the backup and change nothing')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nRefuses while a controller runs, and proves the backup before anything is touched. What was there is kept aside. The registries and the nodes are not changed.',
      );
  },
  examples: ['syncctl restore /var/backups/sync-controller-monday.tar.gz --dry-run'],
  run: async (call) => {
    const { prepareRestore } = await import('../../compose/backup/restore.ts');
    const file = resolve(call.context.cwd, call.need(0));
    const { stateDirectory } = (await call.settings()).daemon;
    const prepared = await call.keep(prepareRestore({ stateDirectory, file, clock: call.context.clock }));
    const { manifest, files } = prepared;
    const what =
      manifest === undefined
        ? `the state that was kept in ${file}`
        : `the backup of ${manifest.host} from ${manifest.at} (version ${manifest.version})`;
    const dryRun = call.flag('dryRun');
    if (!dryRun)
      await call.confirm(`Replace the state in ${stateDirectory}?`, [
        `${counted(files.length, 'file')} of ${what}`,
      ]);
    const keptAside = dryRun ? undefined : prepared.carryOut();
    const undo = keptAside === undefined ? null : `syncctl restore ${keptAside}`;
    await call.print({
      value: {
        apiVersion,
        kind: 'RestoreReport',
        file,
        at: manifest?.at ?? null,
        version: manifest?.version ?? null,
        dryRun,
        files,
        keptAside: keptAside ?? null,
        undo,
      },
      table: () => '',
    });
    if (dryRun) call.note('info', `Dry run: ${what} is sound; nothing was changed`);
    else call.note('success', `${stateDirectory} holds ${what}; start the daemon`);
    if (undo !== null) call.note('info', `To undo, with the daemon stopped: ${undo}`);
    return exitCodes.ok;
  },
};
