import type { Unit } from '../controller/unit.ts';
import { Disk } from '../disk/disk.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode } from '../node/node.ts';
import type { Stage } from '../stage.ts';
import { again, agree, limits, wait, type Probe } from './agree.ts';
import { resume, takeTerm } from './controller.ts';
import { hand, runaway } from './node.ts';
import { edit } from './registry.ts';

const person = { who: 'person', reason: 'the simulator' };

/** Somebody starts a second controller on another machine. */
async function second(stage: Stage): Promise<Unit> {
  const other = stage.unit('b', { name: 'beta', disk: new Disk(), wallOffsetMs: 0 });
  other.lives = stage.units.length * 100;
  other.start();
  await stage.world.run(stage.world.nowMs + 20_000, () => other.engine?.needsTerm() === false);
  await wait(stage, 4_000);
  return other;
}

/** Terms, rivals, and starts at which not everything can be read. */
export const masterProbes: Readonly<Record<string, Probe>> = {
  rival: async (stage) => {
    const other = await second(stage);
    edit(stage, 'change');
    await wait(stage, 6_000);
    if (stage.main.engine?.parts.standing.state().kind !== 'rival')
      throw new Violation('rival', 'a controller whose nodes refused it does not know of its rival');
    other.stop();
    await wait(stage, 3_000);
    other.kill();
    edit(stage, 'change');
    await wait(stage, 3_000);
    takeTerm(stage);
    await agree(stage, stage.nodes, limits.edit + 2_000, 'the end of a rival');
  },
  'old-term': async (stage) => {
    const { server } = stage.scene.cluster;
    const term = server.objects.get('sync-controller-term');
    stage.writes.goBack();
    server.put('sync-controller-term', { ...term?.data, epoch: '0' }, 'person');
    await again(stage);
    edit(stage, 'change');
    await agree(stage, stage.nodes, limits.restart, 'a term store that went back');
  },
  // A rival beside an old record: the one must not hide the other.
  'rival-and-record': async (stage) => {
    const spared = stage.nodes.find((node) => node.rowIds.length === 1 && node !== stage.nodes[0]);
    if (spared === undefined) return;
    stage.ask(stage.main, 'pause one', (controller) => controller.pause(spared.id, person));
    await wait(stage, 500);
    // In this life the spared node has accepted nothing yet; the others have.
    await again(stage);
    await wait(stage, 4_000);
    const other = await second(stage);
    resume(stage, spared.id);
    await wait(stage, 8_000);
    if (stage.main.engine?.parts.standing.state().kind !== 'rival')
      throw new Violation('rival', 'a controller that all nodes refused does not know of its rival');
    other.stop();
    await wait(stage, 12_000);
    other.kill();
    takeTerm(stage);
    await agree(stage, stage.nodes, limits.edit + 2_000, 'the end of a rival beside an old record');
  },
  // The term store went back, and the node that could have told of a later term was away: two writers of one epoch.
  'same-epoch': async (stage) => {
    const { server } = stage.scene.cluster;
    const term = server.objects.get('sync-controller-term')?.data;
    const node = stage.dice.pick(stage.nodes);
    const cluster = term?.['cluster_id'] ?? '';
    const next = (node.model.fence({ cluster, kind: node.kind })?.epoch ?? 0) + 3;
    for (const each of stage.nodes) each.link = 'refused';
    runaway(node, cluster, 3);
    stage.writes.goBack();
    server.put('sync-controller-term', { ...term, epoch: String(next - 1) }, 'person');
    await again(stage);
    for (const each of stage.nodes) each.link = 'up';
    edit(stage, 'change');
    await wait(stage, 12_000);
    if (stage.main.engine?.parts.standing.state().kind !== 'rival')
      throw new Violation('rival', "a controller whose epoch is another one's does not know of its rival");
    takeTerm(stage);
    await agree(stage, stage.nodes, limits.edit + 2_000, 'the end of a shared epoch');
  },
  // Something on the way answers with receipts of before.
  replay: async (stage) => {
    const node = stage.dice.pick(stage.nodes);
    edit(stage, 'change');
    await agree(stage, stage.nodes, limits.edit, 'an edit');
    hand(node, (text) => text.replace(/10\.(\d)\.0\.(\d+)/u, '10.66.$1.$2'));
    node.earlier = node.latest;
    node.fate = 'foreign';
    const ask = { nodes: undefined, takeOver: false, actor: person };
    stage.ask(stage.main, 'push', (controller) => controller.push(ask));
    await wait(stage, 12_000);
    node.fate = undefined;
    await agree(stage, stage.nodes, 40_000, 'the end of replayed receipts');
  },
  // Several nodes come back from a long time away with records of controllers that are gone.
  'old-records': async (stage) => {
    const term = stage.scene.cluster.server.objects.get('sync-controller-term')?.data;
    const cluster = term?.['cluster_id'] ?? '';
    const epochOn = (node: SimNode): number => node.model.fence({ cluster, kind: node.kind })?.epoch ?? 0;
    const base = Math.max(Number(term?.['epoch'] ?? '0'), ...stage.nodes.map(epochOn));
    stage.nodes.forEach((node, n) => {
      node.link = 'refused';
      // Two apart: the term above one of them is not that of the next.
      runaway(node, cluster, base + 3 + 2 * n - epochOn(node));
    });
    await again(stage);
    edit(stage, 'change');
    await wait(stage, 3_000);
    for (const node of stage.nodes) node.link = 'up';
    await agree(stage, stage.nodes, stage.nodes.length * 80_000, 'an edit above old records');
  },
  'blind-start': async (stage) => {
    const { weather } = stage.scene.cluster;
    const other = await second(stage);
    stage.main.stop();
    await wait(stage, 12_000);
    edit(stage, 'change');
    await wait(stage, 6_000);
    other.stop();
    await wait(stage, 3_000);
    other.kill();
    // What the first one remembers is older than what the nodes hold, and it cannot be held against the registries.
    weather.blindTo = 'registries';
    stage.main.start();
    await wait(stage, 30_000);
    weather.blindTo = 'nothing';
    await wait(stage, 5_000);
    takeTerm(stage);
    await agree(stage, stage.nodes, limits.restart, 'the end of a start that could not read');
  },
  'paused-start': async (stage) => {
    const { weather } = stage.scene.cluster;
    stage.ask(stage.main, 'pause all', (controller) => controller.pause(undefined, person));
    await wait(stage, 500);
    weather.blindTo = 'terms';
    stage.main.kill();
    await wait(stage, 15_000);
    weather.blindTo = 'nothing';
    await wait(stage, 20_000);
    resume(stage, undefined);
    edit(stage, 'change');
    await agree(
      stage,
      stage.nodes,
      35_000 + limits.edit,
      'the end of a pause that hid that no term had begun',
    );
  },
};
