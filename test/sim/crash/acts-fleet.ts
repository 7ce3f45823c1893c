import { wait } from '../act/agree.ts';
import { stopOthers, takeTerm } from '../act/controller.ts';
import { edit } from '../act/registry.ts';
import { writeRows } from '../person/registries.ts';
import { Disk } from '../disk/disk.ts';
import { idOf } from '../person/truth.ts';
import { insist, person, settle } from './parts.ts';
import { settled, type Act } from './act.ts';

/** A revision that fails on its first node and is taken back, one that a person stops, and what ends a pin. */
export const rollouts: Act = async (stage, wanted) => {
  const steer = (what: string, how: 'pauseRollout' | 'resumeRollout' | 'unpin'): Promise<void> =>
    insist(stage, what, ({ steering }) => steering[how](person));
  wanted.goingBack = true;
  for (const node of stage.nodes) node.resolver = 'wrong';
  edit(stage, 'add');
  await wait(stage, 4_500);
  for (const node of stage.nodes) node.resolver = 'right';
  await wait(stage, 4_500);
  await steer('unpin', 'unpin');
  await settled(stage);
  edit(stage, 'change');
  await wait(stage, 150);
  await steer('rollout pause', 'pauseRollout');
  await wait(stage, 800);
  await steer('rollout resume', 'resumeRollout');
  await settled(stage);
  edit(stage, 'change');
  await wait(stage, 150);
  await insist(stage, 'rollout abort', ({ steering }) =>
    steering.abortRollout({ hold: false, actor: person }),
  );
  await wait(stage, 4_000);
  edit(stage, 'change');
  await settled(stage);
  wanted.goingBack = false;
};

/** A node leaves while it is away and comes back; another one leaves at once. */
export const removals: Act = async (stage, wanted) => {
  const node = stage.nodes[4];
  if (node === undefined) return;
  const row = stage.truth.rows.get(node.id);
  if (row === undefined) return;
  const leave = async (): Promise<void> => {
    wanted.leaving.add(node);
    stage.truth.rows.delete(idOf(row));
    stage.rowsGone.add(idOf(row));
    await insist(stage, 'node remove', (controller) =>
      controller.removeNode({ node: node.id, abandon: false, dryRun: false, actor: person }),
    );
  };
  const back = (): void => {
    stage.truth.rows.set(idOf(row), row);
  };
  node.link = 'silent';
  await leave();
  await insist(stage, 'node restore', (controller) => controller.restoreNode(node.id, person));
  back();
  node.link = 'up';
  await wait(stage, 4_000);
  node.link = 'silent';
  await leave();
  await wait(stage, 2_000);
  node.link = 'up';
  await wait(stage, 20_000);
  back();
  writeRows(stage.scene.cluster.server, stage.truth);
  await settled(stage);
  await leave();
  await wait(stage, 3_000);
  back();
  writeRows(stage.scene.cluster.server, stage.truth);
  await settled(stage);
  // Its row comes back by hand while its withdrawal is still pending; then it is given up, and comes back once more.
  node.link = 'silent';
  await leave();
  back();
  writeRows(stage.scene.cluster.server, stage.truth);
  await insist(stage, 'reconcile', (controller) => controller.reconcile(person));
  node.link = 'up';
  await settled(stage);
  stage.truth.rows.delete(idOf(row));
  await insist(stage, 'node remove --abandon', (controller) =>
    controller.removeNode({ node: node.id, abandon: true, dryRun: false, actor: person }),
  );
  back();
  writeRows(stage.scene.cluster.server, stage.truth);
  await settled(stage);
  wanted.leaving.clear();
};

/** Another controller takes the fleet, and a person takes it back. */
export const rivals: Act = async (stage) => {
  const other = stage.unit('b', { name: 'beta', disk: new Disk(), wallOffsetMs: 0 });
  settle(other);
  other.lives = 100;
  other.start();
  await wait(stage, 6_000);
  edit(stage, 'change');
  await wait(stage, 5_000);
  stopOthers(stage);
  takeTerm(stage);
  await wait(stage, 2_000);
  takeTerm(stage);
  await settled(stage);
};
