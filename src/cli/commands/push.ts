import type { PushRequest } from '../../contract/controller.ts';
import type { PushReport } from '../../contract/report.ts';
import { exitCodes, type ExitName } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { secondsOf } from '../durations.ts';
import { Progress } from '../output/progress.ts';
import { tellRollout } from '../output/rollout.ts';
import { table } from '../output/table.ts';
import { needStatus } from '../registries.ts';
import { reasonOf, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (push) => {
    push
      .argument('[nodes...]', 'names, addresses or ids; all nodes when left out')
      .option('--take-over', 'take targets that belong to another control plane')
      .option('--plan <file>', 'exactly what a saved plan holds; refuses where the world has moved since')
      .option(
        '--confirm-within <time>',
        'nodes take the change back unless it is confirmed over a new connection',
      )
      .option('--all-at-once', 'past the rollout policy and past a pin')
      .option('--no-rollout', 'the same')
      .option('--reason <text>', 'why, for the audit')
      .addHelpText(
        'after',
        '\nExit codes: 0 all selected nodes are verified, 1 otherwise, 3 the rollout stopped and was taken back, 4 taking it back failed, 75 a saved plan does not fit any more.',
      );
  },
  examples: [
    'syncctl push',
    'syncctl push contabo-vps',
    'syncctl push --plan reviewed.json',
    'syncctl push --all-at-once --reason "a name must go now"',
    'syncctl push -o json | jq .causes',
  ],
  run: async (call) => {
    const controller = await call.controller();
    const words = call.words(0);
    const request = await requestOf(call, words);
    const total = request.expected?.nodes.filter(({ changes }) => changes).length ?? words.length;
    const progress = new Progress(call, await needStatus(controller), total || undefined);
    const report = await progress.until(controller.push(request, progress.onNode));
    tellRollout(call, report.rollout);
    await printPush(call, report);
    return exitCodes[exitOf(report)];
  },
};

async function requestOf(call: Call, words: readonly string[]): Promise<PushRequest> {
  const allAtOnce = call.flag('allAtOnce') || call.given('rollout', false);
  const [file, within] = [call.text('plan'), call.text('confirmWithin')];
  if (file !== undefined && words.length > 0)
    throw wrongWord(
      { place: '--plan', expected: 'no nodes beside it', remedy: 'the plan names them' },
      words.join(' '),
    );
  const actor = call.actor(allAtOnce ? reasonOf(call.text('reason')) : call.text('reason'));
  return {
    nodes: words.length > 0 ? words : undefined,
    takeOver: call.flag('takeOver'),
    actor,
    ...(allAtOnce ? { allAtOnce } : {}),
    ...(within === undefined
      ? {}
      : { confirmSeconds: secondsOf(within, '--confirm-within', { least: 5, most: 3_600 }) }),
    ...(file === undefined ? {} : { expected: await expectedIn(file) }),
  };
}

/** The schema of a saved plan loads only for one. */
async function expectedIn(file: string): Promise<NonNullable<PushRequest['expected']>> {
  const { expectedOf, readPlan } = await import('../saved-plan.ts');
  return expectedOf(await readPlan(file));
}

/** The named exit of a push: what its rollout came to outranks the nodes. */
function exitOf({ failed, rollout }: PushReport): ExitName {
  switch (rollout?.phase) {
    case 'rolling-back':
    case 'rolled-back':
      return 'rolledBack';
    case 'rollback-failed':
      return 'rollbackFailed';
    default:
      return failed === 0 ? 'ok' : 'failure';
  }
}

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
