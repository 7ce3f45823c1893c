import { styleText } from 'node:util';
import type { PlanReport } from '../../contract/report.ts';
import type { PlanApproval } from '../../contract/saved-plan.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { listed, tellHeld } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { lookOf } from '../output/tags.ts';
import { needStatus } from '../registries.ts';
import { reasonOf, repeated, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (plan) => {
    plan
      .argument('[nodes...]', 'names, addresses or ids; all nodes when left out')
      .option('--offline', 'compare with the last receipt instead of asking the nodes')
      .option('--out <file>', 'save the plan for: syncctl push --plan')
      .option(
        '--approve <hash>',
        'plan a withheld removal as approved, and approve it with the push; with --out',
        repeated,
      )
      .option('--reason <text>', 'why, kept with the plan and its approvals')
      .addHelpText(
        'after',
        '\nExit codes: 0 nothing would change, 2 something would, 1 a named node could not be read.',
      );
  },
  examples: [
    'syncctl plan',
    'syncctl plan contabo-vps',
    'syncctl plan --offline -o json',
    'syncctl plan --out reviewed.json --reason "ticket 12"',
  ],
  run: async (call) => {
    const words = call.words(0);
    const controller = await call.controller();
    await needStatus(controller);
    const [out, approve] = [call.text('out'), call.texts('approve')];
    if (out === undefined && approve.length > 0)
      throw wrongWord(
        { place: '--approve', expected: 'a plan to keep it in', remedy: 'add --out FILE' },
        approve[0],
      );
    if (out !== undefined && call.flag('offline'))
      throw wrongWord(
        { place: '--out', expected: 'nodes that are asked', remedy: 'leave out --offline' },
        '--offline',
      );
    const nodes = words.length > 0 ? words : undefined;
    const approvals = approve.length === 0 ? [] : await approvalsOf(call, approve);
    const report = await controller.plan({
      nodes,
      offline: call.flag('offline'),
      ...(approve.length === 0 ? {} : { approve }),
    });
    if (out !== undefined) {
      const { savePlan } = await import('../saved-plan.ts');
      await savePlan(call, out, { report, approvals });
      call.note('success', `The plan is saved; push exactly this with: syncctl push --plan ${out}`);
    }
    await call.print({ value: report, table: () => grouped(call, report), wide: () => perNode(report) });
    for (const node of report.nodes.filter(({ state }) => state === 'unknown')) {
      call.note('warn', `${node.name}: unknown, ${node.reason ?? 'the node could not be read'}`);
    }
    for (const { name, waits } of report.nodes)
      if (waits !== null && waits !== undefined) call.note('warn', `${name} does not get it yet: ${waits}`);
    tellBatches(call, report);
    tellHeld(call, report.held);
    if (report.changes > 0) return exitCodes.changes;
    return words.length > 0 && report.unknown > 0 ? exitCodes.failure : exitCodes.ok;
  },
};

/** What the plan lets go, in the name of who makes it. */
async function approvalsOf(call: Call, hashes: readonly string[]): Promise<readonly PlanApproval[]> {
  const { who, reason } = call.actor(reasonOf(call.text('reason')));
  const { held } = await (await call.controller()).status();
  return held
    .filter(({ hash }) => hashes.includes(hash))
    .map((removal) => ({ ...removal, who, why: reason ?? null }));
}

/** Who gets it when, where that is not all at once. */
function tellBatches(call: Call, { nodes }: PlanReport): void {
  const batches = Map.groupBy(
    nodes.filter(({ turn }) => typeof turn === 'number'),
    ({ turn }) => turn ?? 0,
  );
  if (batches.size === 0) return;
  const parts = [...batches]
    .toSorted(([a], [b]) => a - b)
    .map(([turn, members]) => `${String(turn)}: ${listed(members.map(({ name }) => printable(name)))}`);
  call.note('info', `Goes by batches: ${parts.join('; ')}`);
}

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
