import { styleText } from 'node:util';
import type { PlanReport } from '../../contract/report.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { listed, tellHeld } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { lookOf } from '../output/tags.ts';

export const command: CommandModule = {
  configure: (plan) => {
    plan
      .argument('[nodes...]', 'names, addresses or ids; all nodes when left out')
      .option('--offline', 'compare with the last receipt instead of asking the nodes')
      .addHelpText(
        'after',
        '\nExit codes: 0 nothing would change, 2 something would, 1 a named node could not be read.',
      );
  },
  examples: ['syncctl plan', 'syncctl plan contabo-vps', 'syncctl plan --offline -o json'],
  run: async (call) => {
    const words = call.words(0);
    const controller = await call.controller();
    const report = await controller.plan({
      nodes: words.length > 0 ? words : undefined,
      offline: call.flag('offline'),
    });
    await call.print({ value: report, table: () => grouped(call, report), wide: () => perNode(report) });
    for (const node of report.nodes.filter(({ state }) => state === 'unknown')) {
      call.note('warn', `${node.name}: unknown, ${node.reason ?? 'the node could not be read'}`);
    }
    tellHeld(call, report.held);
    if (report.changes > 0) return exitCodes.changes;
    return words.length > 0 && report.unknown > 0 ? exitCodes.failure : exitCodes.ok;
  },
};

/** Nodes with the same diff are shown once: a fleet of forty laptops has one page, not forty. */
function grouped(call: Call, report: PlanReport): string {
  const groups = new Map<string, PlanReport['nodes']>();
  for (const node of report.nodes.filter(({ state }) => state === 'changes')) {
    const same = node.diff === '' ? (node.reason ?? '') : node.diff;
    groups.set(same, [...(groups.get(same) ?? []), node]);
  }
  const parts = [...groups].map(([diff, nodes]) => {
    const names = listed(
      nodes.map(({ name }) => printable(name)),
      12,
    );
    return `${nodes.length === 1 ? 'Would change' : `Would change ${String(nodes.length)} nodes`}: ${names}\n${coloured(call, printable(diff))}\n`;
  });
  const sum = `${String(report.changes)} to change, ${String(report.inSync)} in sync, ${String(report.unknown)} unknown\n`;
  return [...parts, sum].join('\n');
}

function perNode(report: PlanReport): string {
  return table(
    ['name', 'node', 'state', 'reason', 'lines'],
    report.nodes.map((node) => [
      node.name,
      node.node,
      node.state,
      node.reason ?? '',
      String(changedLines(node.diff)),
    ]),
  );
}

function changedLines(diff: string): number {
  return diff.split('\n').filter((line) => /^[+-](?![+-]{2} )/u.test(line)).length;
}

function coloured(call: Call, diff: string): string {
  const { stdout, env } = call.context;
  if (!lookOf(stdout, env, call.globals.color === false).colour) return diff;
  const paint = (line: string): string => {
    if (line.startsWith('+')) return styleText('green', line, { validateStream: false });
    return line.startsWith('-') ? styleText('red', line, { validateStream: false }) : line;
  };
  return diff.split('\n').map(paint).join('\n');
}
