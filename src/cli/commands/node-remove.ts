import type { RemovalReport } from '../../contract/lifecycle.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { checkUninstall, uninstallOf } from '../uninstalling.ts';

export const command: CommandModule = {
  configure: (remove) => {
    remove
      .argument('<node>', 'name, address or id, of a registered or an orphaned node')
      .option(
        '--abandon',
        'forget it without withdrawing anything from it, also where a removal is under way',
      )
      .option('--uninstall', 'take sudo rule, key line, receiver and target out of it, too, as an admin')
      .option('--admin-user <login>', 'who uninstalls, where the login of the node may not become root')
      .option('--admin-identity <file>', 'private key of the one who uninstalls')
      .option('--dry-run', 'show what would go and do nothing')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nA VPS leaves every route and loses its record for public DNS, too; the commands that undo it are printed.\nA node that does not answer keeps a tombstone until what we installed on it is withdrawn.\nExit codes: 0 withdrawn or abandoned, 1 pending.',
      );
  },
  examples: [
    'syncctl node remove dev-laptop',
    'syncctl node remove contabo-vps --dry-run',
    'syncctl node remove contabo-vps --uninstall --admin-identity ~/.ssh/id_ed25519',
    'syncctl node remove old-vps --abandon --yes',
  ],
  run: async (call) => {
    checkUninstall(call);
    const controller = await call.controller();
    const abandon = call.flag('abandon');
    const request = { node: call.need(0), abandon, actor: call.actor(call.text('reason')) };
    // The controller that does it says what goes: it alone knows orphans and what is in force.
    const outlook = await controller.removeNode({ ...request, dryRun: true });
    const uninstall = await uninstallOf(call);
    const more = uninstall?.outlook ?? [];
    if (call.flag('dryRun')) {
      tellOutlook(call, outlook, abandon);
      for (const line of more) call.note('info', line);
      await print(call, outlook);
      call.note('info', 'Dry run: nothing was done');
      return exitCodes.ok;
    }
    await call.confirm(`${abandon ? 'Forget' : 'Remove'} ${call.need(0)}?`, [
      ...blastRadius(outlook, abandon),
      ...more,
    ]);
    const report = await controller.removeNode({ ...request, dryRun: false });
    await print(call, report);
    for (const line of report.undo) call.note('info', `To undo: ${line}`);
    if (report.result !== 'pending') return uninstall === undefined ? exitCodes.ok : uninstall.run();
    call.note(
      'warn',
      `${report.name} keeps a tombstone until it answers (${report.cause ?? 'unknown'}: ${report.evidence}); give it up with: syncctl node remove ${report.name} --abandon`,
    );
    return exitCodes.failure;
  },
};

/** What goes, line by line, for somebody who is about to say yes. */
function blastRadius({ changes, hostsRemoved }: RemovalReport, abandon: boolean): readonly string[] {
  return [
    ...changes.map(({ path, change }) => `${path}: ${change}`),
    ...hostsRemoved.map((host) => `No VPS serves ${host} any more`),
    abandon
      ? 'What we installed stays on it.'
      : 'What we installed on it is withdrawn: its managed block, or its routes.',
  ];
}

function tellOutlook(call: Call, outlook: RemovalReport, abandon: boolean): void {
  for (const line of blastRadius(outlook, abandon)) call.note('info', line);
  for (const line of outlook.undo) call.note('info', `To undo: ${line}`);
}

function print(call: Call, report: RemovalReport): Promise<void> {
  return call.print({ value: report, table: () => `${report.name}: ${report.result}\n` });
}
