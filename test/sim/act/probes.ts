import { disagreement, leftovers, statusOf } from '../check/agreement.ts';
import { Violation } from '../kernel/world.ts';
import type { Stage } from '../stage.ts';
import { agree, limits, wait, type Probe } from './agree.ts';
import { heldScopes, resume } from './controller.ts';
import { hand, swap } from './node.ts';
import { masterProbes } from './probes-masters.ts';
import { peopleProbes } from './probes-people.ts';
import { steeringProbes } from './probes-steering.ts';
import { edit } from './registry.ts';

/** What must hold once everything is healthy, each with its time limit. */
export const healthyProbes: Readonly<Record<string, Probe>> = {
  ...peopleProbes,
  ...masterProbes,
  ...steeringProbes,
  edit: async (stage) => {
    edit(stage, stage.dice.pick(['change', 'add', 'publish', 'unpublish']));
    const took = await agree(stage, stage.nodes, limits.edit, 'an edit');
    if (!stage.isGradual) stage.took('edit', took);
  },
  burst: async (stage) => {
    for (let n = 0; n < 5; n += 1) {
      edit(stage, stage.dice.pick(['change', 'add']));
      await wait(stage, 30 + stage.dice.unit() * 40);
    }
    await agree(stage, stage.nodes, limits.edit, 'a burst of edits');
  },
  'silent-watch': async (stage) => {
    const { weather } = stage.scene.cluster;
    weather.watchesSilent = true;
    edit(stage, 'change');
    await agree(
      stage,
      stage.nodes,
      stage.script.pollMs * 1.1 + 2_000 + limits.edit,
      'an edit that no watch told',
    );
    weather.watchesSilent = false;
    await wait(stage, 5_000);
    edit(stage, 'change');
    await agree(stage, stage.nodes, limits.edit, 'an edit after the watch was replaced');
  },
  absence: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    const others = stage.nodes.filter((other) => other !== node);
    const installs = stage.installsOn(node);
    node.link = stage.dice.pick(['silent', 'refused', 'unreachable']);
    edit(stage, 'change');
    await agree(stage, others, limits.edit, `an edit while ${node.id} is away`);
    await wait(stage, 5_000 + stage.dice.unit() * 40_000);
    edit(stage, 'change');
    await agree(stage, others, limits.edit, `another edit while ${node.id} is away`);
    await wait(stage, 8_000);
    node.link = 'up';
    const limit = node.kind === 'hosts' ? limits.back : limits.backAndLoaded;
    const took = await agree(stage, [node], limit, `the return of ${node.id}`);
    if (node.kind === 'hosts' && !stage.isGradual) stage.took('return', took);
    if (stage.installsOn(node) !== installs + 1)
      throw new Violation(
        'I5',
        `${node.id} got ${String(stage.installsOn(node) - installs)} installs at its return`,
      );
  },
  reformat: async (stage) => {
    const { server } = stage.scene.cluster;
    const applies = stage.requests.applies;
    const text = JSON.stringify(JSON.parse(stage.truth.servicesText()), null, 7);
    server.put('service-registry', { 'services.json': text }, 'person');
    await wait(stage, 15_000);
    if (stage.requests.applies !== applies)
      throw new Violation('quiet', 'a registry that only reads otherwise was pushed');
  },
  kill: async (stage) => {
    const { installs } = stage.scene.counts;
    stage.main.kill();
    await wait(stage, 2_000);
    await agree(stage, stage.nodes, limits.restart, 'a restart');
    if (stage.scene.counts.installs !== installs)
      throw new Violation('I9', 'a restart changed bytes of nodes');
  },
  drift: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    hand(node, (text) => text.replace(/10\.1\.0\.(\d)/u, '10.66.0.$1'));
    await agree(stage, [node], stage.script.periodHours * 3_600_000 * 1.1 + 60_000, 'the repair of drift');
  },
  relapse: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    for (let turn = 0; turn < 3; turn += 1) {
      node.disk = 'full';
      edit(stage, 'change');
      // Longer than one pass, so that the wait between passes counts: it must be the short one each time.
      await wait(stage, 25_000);
      node.disk = 'fine';
      await agree(stage, stage.nodes, 28_000, `the end of a short failure of ${node.id}`);
    }
  },
  lasting: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    node.disk = 'failing';
    edit(stage, 'change');
    await wait(stage, 62_000);
    const status = statusOf(stage, node.id);
    if (status?.state === 'pending_sync')
      throw new Violation(
        'status',
        `${node.id} has failed for a minute and is ${status.state}/${status.cause ?? ''}`,
      );
    node.disk = 'fine';
    await agree(stage, [node], 65_000, `the end of a lasting failure of ${node.id}`);
  },
  // A request that the network keeps back arrives when a newer one has long been obeyed.
  late: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    node.fate = 'late';
    edit(stage, 'change');
    await wait(stage, 2_500);
    node.fate = undefined;
    await wait(stage, 30_000);
    edit(stage, 'change');
    await agree(stage, stage.nodes, 20_000, `an edit after a request to ${node.id} was kept back`);
    await wait(stage, 15_000);
    await agree(stage, stage.nodes, limits.edit, 'a request that came late');
  },
  swapped: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    const other = stage.dice.pick(stage.nodes.filter((each) => each !== node));
    // What is under way would end with its deadline only, long after the look at it.
    await stage.world.run(stage.world.nowMs + 30_000, () => leftovers(stage) === undefined);
    swap(stage, node, other, 20_000);
    edit(stage, 'change');
    await wait(stage, 12_000);
    const { state, cause } = statusOf(stage, node.id) ?? {};
    if (state !== 'error' || cause !== 'identity_mismatch')
      throw new Violation(
        'status',
        `another node answers in place of ${node.id}, which is ${state ?? ''}/${cause ?? ''}`,
      );
    await wait(stage, 9_000);
    const ask = { nodes: undefined, takeOver: false, actor: { who: 'person', reason: 'the simulator' } };
    stage.ask(stage.main, 'push', (controller) => controller.push(ask));
    await agree(stage, stage.nodes, limits.backAndLoaded, 'the end of swapped addresses');
  },
  gone: async (stage) => {
    edit(stage, 'add');
    await agree(stage, stage.nodes, limits.edit, 'a new service');
    edit(stage, 'remove');
    await agree(stage, stage.nodes, limits.edit, 'a removed service');
  },
};

/** Nothing changes, so nothing is pushed and nothing grows. */
export async function quiet(stage: Stage): Promise<void> {
  // The end of a freeze is a reason to push.
  if (heldScopes(stage).length > 0) {
    resume(stage, undefined);
    await wait(stage, 10_000);
  }
  const { applies } = stage.requests;
  await wait(stage, 45_000);
  if (stage.requests.applies !== applies)
    throw new Violation('quiet', 'nodes were pushed to without any reason');
}

/** At the very end all is told, and nothing is left over. */
export async function end(stage: Stage): Promise<void> {
  const untilMs = stage.world.nowMs + 75_000;
  while (stage.world.nowMs < untilMs && disagreement(stage) !== undefined) await wait(stage, 1_000);
  const left = disagreement(stage) ?? leftovers(stage);
  if (left !== undefined) throw new Violation('I11', `at the end ${left}`);
}
