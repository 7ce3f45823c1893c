import type { PushReport } from '../../contract/report.ts';
import { exitCodes } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { Progress } from '../output/progress.ts';
import { table } from '../output/table.ts';

export const command: CommandModule = {
  configure: (push) => {
    push
      .argument('[nodes...]', 'names, addresses or ids; all nodes when left out')
      .option('--take-over', 'take targets that belong to another control plane')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText('after', '\nExit codes: 0 all selected nodes are verified, 1 otherwise.');
  },
  examples: ['syncctl push', 'syncctl push contabo-vps', 'syncctl push -o json | jq .causes'],
  run: async (call) => {
    const controller = await call.controller();
    const words = call.words(0);
    const total = words.length > 0 ? words.length : (await controller.status()).nodes.length;
    const progress = new Progress(call, total);
    const request = {
      nodes: words.length > 0 ? words : undefined,
      takeOver: call.flag('takeOver'),
      actor: call.actor(call.text('reason')),
    };
    const report = await controller.push(request, progress.onNode);
    progress.end(report);
    await printPush(call, report);
    return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
  },
};

/** The report of a push in every form. */
export async function printPush(call: Call, report: PushReport): Promise<void> {
  const row = (node: PushReport['nodes'][number]): string[] => [
    node.name,
    node.type,
    node.address,
    node.state,
    node.changed ? 'yes' : 'no',
    node.cause ?? '',
  ];
  await call.print({
    value: report,
    table: () => table(['name', 'type', 'address', 'state', 'changed', 'cause'], report.nodes.map(row)),
    wide: () =>
      table(
        ['name', 'type', 'address', 'state', 'changed', 'cause', 'verified by', 'evidence', 'remedy'],
        report.nodes.map((node) => [...row(node), node.rungs.join(' '), node.evidence, node.remedy ?? '']),
      ),
  });
}
