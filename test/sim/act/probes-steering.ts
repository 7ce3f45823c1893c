import { bytesDiffer, statusDiffers, statusOf } from '../check/agreement.ts';
import { revisionIn } from '../check/rollouts.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode } from '../node/node.ts';
import type { RolloutRecord } from '../../../src/model/rollout.ts';
import type { Stage } from '../stage.ts';
import { again, agree, limits, wait, type Probe } from './agree.ts';
import { edit } from './registry.ts';
import { freeze, letGo } from './steering.ts';

const slowMs = 3_000;
const person = { who: 'person', reason: 'the simulator' };

const recordOf = (stage: Stage): RolloutRecord | undefined =>
  stage.main.engine?.parts.rollout?.current()?.record;
const has = (node: SimNode, revision: number): boolean => revisionIn(node.kind, node.file ?? '') === revision;
const isIn = (nodes: readonly string[], node: SimNode): boolean =>
  node.rowIds.some((id) => nodes.includes(id));

/** An edit whose first batch is slow, so that whoever does not wait for its answers is seen. @returns its nodes. */
async function begun(stage: Stage): Promise<{ first: readonly SimNode[]; revision: number }> {
  for (const node of stage.nodes) node.extraMs = slowMs;
  edit(stage, 'change');
  const revision = stage.truth.newest?.number ?? 0;
  await stage.world.run(stage.world.nowMs + 2_500, () => recordOf(stage)?.released === 1);
  const record = recordOf(stage);
  if (record?.released !== 1)
    throw new Violation('rollout', `an edit begins no rollout, it is ${record?.phase ?? 'none'}`);
  const batch = record.batches[0] ?? [];
  return { first: stage.nodes.filter((node) => isIn(batch, node)), revision };
}

/** Rollouts by batches, and freezes. */
export const steeringProbes: Readonly<Record<string, Probe>> = {
  staged: async (stage) => {
    const { first, revision } = await begun(stage);
    const others = stage.nodes.filter((node) => !first.includes(node));
    for (const node of others) node.extraMs = 0;
    await stage.world.run(stage.world.nowMs + 20_000, () => {
      const early = others.find((node) => has(node, revision));
      const late = first.find((node) => !has(node, revision));
      if (early !== undefined && late !== undefined)
        throw new Violation('rollout', `${early.id} got a revision before ${late.id} of the first batch`);
      return late === undefined;
    });
    for (const node of stage.nodes) node.extraMs = 0;
    await agree(stage, stage.nodes, limits.edit + slowMs, 'an edit by batches');
  },
  canary: async (stage) => {
    const { first, revision } = await begun(stage);
    const { onFailure } = stage.script.settings.rollout ?? {};
    for (const node of stage.nodes) node.extraMs = 0;
    // Those that are drawn in for a batch that proves nothing must fail as well.
    for (const node of stage.nodes) node.disk = first.includes(node) ? 'fine' : 'full';
    for (const { consumer } of first) if (consumer !== undefined) consumer.stubborn = true;
    for (const node of first) if (node.consumer === undefined) node.disk = 'full';
    // Three more may be drawn in, each with a pass of its own.
    await wait(stage, 200_000);
    const { phase } = recordOf(stage) ?? {};
    if (phase === undefined || phase === 'running')
      throw new Violation('rollout', `a revision that no node took is not stopped, it is ${phase ?? 'over'}`);
    for (const node of stage.nodes) {
      node.disk = 'fine';
      if (node.consumer === undefined) continue;
      node.consumer.stubborn = false;
      node.consumer.restart();
    }
    if (stage.dice.chance(0.6)) await again(stage);
    await wait(stage, 90_000);
    const allowed = onFailure === 'hold' ? (recordOf(stage)?.touched ?? []) : [];
    const holder = stage.nodes.find((node) => has(node, revision) && !isIn(allowed, node));
    if (holder !== undefined) throw new Violation('pin', `${holder.id} holds a revision that was stopped`);
    if (stage.dice.chance(0.5)) letGo(stage);
    else edit(stage, 'change');
    await agree(stage, stage.nodes, 65_000, 'the end of a stopped revision');
  },
  // The way is cut between the push and its confirmation.
  unconfirmed: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    const installs = stage.installsOn(node);
    const confirmMs = stage.script.settings.confirmSeconds * 1000;
    edit(stage, 'change');
    await stage.world.run(stage.world.nowMs + limits.edit, () => stage.installsOn(node) > installs);
    node.link = 'refused';
    await wait(stage, 1_000 + stage.dice.unit() * confirmMs * 1.2);
    node.link = 'up';
    await wait(stage, confirmMs + 8_000);
    if (bytesDiffer(stage, node) !== undefined && statusDiffers(stage, node) === undefined)
      throw new Violation('I3', `${node.id} is active after it took a change back`);
    // What was not confirmed waits for a person, or for the hourly look.
    stage.ask(stage.main, 'push', (controller) =>
      controller.push({ nodes: undefined, takeOver: false, actor: person }),
    );
    await agree(stage, stage.nodes, limits.backAndLoaded, 'a push after a change that nobody confirmed');
    // Whatever was armed has been confirmed or is over.
    await wait(stage, confirmMs + 2_000);
    await agree(stage, stage.nodes, limits.edit, 'the time after a confirmation');
  },
  frozen: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    const installs = stage.installsOn(node);
    const [scope = ''] = stage.dice.chance(0.3) ? [`type:${node.type}`] : node.rowIds;
    if (node.rowIds.length > 1) return;
    freeze(stage, scope, 60_000);
    await wait(stage, 500);
    node.link = 'refused';
    edit(stage, 'change');
    await wait(stage, 6_000);
    if (stage.dice.chance(0.4)) await again(stage);
    node.link = 'up';
    await wait(stage, 15_000);
    if (stage.installsOn(node) !== installs)
      throw new Violation('freeze', `${node.id} was written under a freeze when it came back`);
    const { cause } = statusOf(stage, node.id) ?? {};
    if (statusDiffers(stage, node) === undefined || cause === undefined)
      throw new Violation('status', `${node.id} is frozen before an edit, and nothing shows it`);
    await wait(stage, 40_000);
    await agree(stage, stage.nodes, limits.edit + 4_000, 'the end of a freeze');
  },
};
