import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (approve) => {
    approve
      .argument('<hash>', 'the hash that health, status and plan print')
      .option('--reason <text>', 'why, for the audit');
  },
  examples: ['syncctl approve 3f9a1c0b22d4'],
  run: async (call) => {
    const hash = call.need(0);
    if (!/^[0-9a-f]{6,64}$/u.test(hash)) {
      throw wrongWord(
        { place: 'hash', expected: '6 to 64 hexadecimal digits', remedy: 'take it from: syncctl status' },
        hash,
      );
    }
    const { applied } = await (await call.controller()).approve(hash, call.actor(call.text('reason')));
    if (!applied) {
      throw new SyncError(
        'notFound',
        `approve: expected the hash of a withheld removal, got "${hash}"; the removal may have changed since`,
        { remedy: 'syncctl status' },
      );
    }
    call.note('success', `Removal ${hash} is approved`);
    call.note(
      'info',
      'To undo: syncctl rollback REV --reason "…", with a revision that has the names: syncctl history',
    );
    return exitCodes.ok;
  },
};
