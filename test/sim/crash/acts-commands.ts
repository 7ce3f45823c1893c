import { wait } from '../act/agree.ts';
import { hand } from '../act/node.ts';
import { edit } from '../act/registry.ts';
import type { HistoryApi } from '../../../src/contract/history.ts';
import { command, insist, person } from './parts.ts';
import { settled, type Act } from './act.ts';

/** Questions and pushes of people who run commands beside the daemon. */
export const commands: Act = async (stage) => {
  const { nodes } = stage;
  const push = { nodes: undefined, takeOver: false, actor: person };
  edit(stage, 'change');
  await insist(stage, 'push', (controller) => controller.push(push));
  await insist(stage, 'push past the rollout', (controller) => controller.push({ ...push, allAtOnce: true }));
  edit(stage, 'change');
  await insist(stage, 'push with confirmation', (controller) =>
    controller.push({ ...push, allAtOnce: true, confirmSeconds: 20 }),
  );
  await insist(stage, 'push to one', (controller) =>
    controller.push({ ...push, nodes: [nodes[0]?.id ?? ''] }),
  );
  await insist(stage, 'plan', (controller) => controller.plan({ nodes: undefined, offline: false }));
  await insist(stage, 'history', ({ history }) => readAll(history?.reader, nodes[0]?.id ?? ''));
  await settled(stage);
};

async function readAll(reader: HistoryApi | undefined, node: string): Promise<void> {
  if (reader === undefined) return;
  const { revisions } = await reader.revisions(10);
  for (const { number } of revisions.slice(0, 2)) await reader.revisionTexts(number, true);
  await reader.revision('latest');
  await reader.pushes({ node, limit: 20 });
  await reader.lastPushes();
}

/** The daemon is stopped; commands push by themselves, and the daemon comes back. */
export const daemonless: Act = async (stage) => {
  const { main, world } = stage;
  // The first command comes while the daemon still has the lock.
  world.after(1_500, () => main.stop());
  world.after(14_000, () => main.kill());
  edit(stage, 'change');
  const push = { nodes: undefined, takeOver: false, actor: person };
  await command(stage, 'syncctl push', (api) => api.push(push));
  edit(stage, 'add');
  await command(stage, 'syncctl push --plan', async (api) => {
    const plan = await api.plan({ nodes: undefined, offline: false });
    await api.push({
      ...push,
      expected: {
        revision: plan.revision ?? '',
        nodes: plan.nodes.map(({ node, name, state, wanted, observed }) => ({
          node,
          name,
          changes: state === 'changes',
          wanted: wanted ?? null,
          observed: observed ?? null,
        })),
        approvals: [],
      },
    });
  });
  main.start();
  await wait(stage, 1_000);
  await settled(stage);
};

/** The daemon starts while the API server is away, knows its last term, and reads its settings again. */
export const darkStart: Act = async (stage) => {
  const { main, world } = stage;
  const { weather } = stage.scene.cluster;
  const [first] = stage.nodes;
  main.stop();
  await world.run(world.nowMs + 12_000, () => !main.running);
  weather.sky = 'refused';
  main.start();
  await wait(stage, 3_000);
  if (first !== undefined) hand(first, (text) => text.replace(/10\.1\.0\.(\d)/u, '10.66.0.$1'));
  await wait(stage, 5_000);
  weather.sky = 'failing';
  await wait(stage, 4_000);
  weather.sky = 'fair';
  await settled(stage, 40_000);
  main.process?.run(() => {
    for (const act of main.process?.signals.get('SIGHUP') ?? []) act();
  });
  await wait(stage, 500);
};
