import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { rolloutPage } from '../output/rollout.ts';

export const command: CommandModule = {
  configure: (show) => {
    show.addHelpText(
      'after',
      '\nExit codes: 0 nothing runs or it goes on, 1 it waits for a person, 3 the revision was taken back, 4 taking it back failed.',
    );
  },
  examples: ['syncctl rollout show', 'syncctl rollout show -o json | jq .phase'],
  run: async (call) => {
    const { rollout } = await (await call.controller()).status();
    if (rollout === null || rollout === undefined)
      throw new SyncError('notFound', 'rollout: expected one that runs or has stopped, got none', {
        remedy: 'every node gets the newest revision; what was: syncctl history',
      });
    await call.print({ value: rollout, table: () => rolloutPage(rollout) });
    switch (rollout.phase) {
      case 'paused':
      case 'held':
        return exitCodes.failure;
      case 'rolled-back':
        return exitCodes.rolledBack;
      case 'rollback-failed':
        return exitCodes.rollbackFailed;
      default:
        return exitCodes.ok;
    }
  },
};
