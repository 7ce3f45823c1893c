import { wait } from '../act/agree.ts';
import { approveAll, edit, registryDeeds, saveServices } from '../act/registry.ts';
import { hand } from '../act/node.ts';
import { clusterInfo, domainData } from '../person/registries.ts';
import { insist, person } from './parts.ts';
import { settled, type Act } from './act.ts';

const plain = { atMs: 0, kind: '', who: 0, forMs: 0, word: '', number: 0 };

/** Edits of all four objects, alone and in a burst. */
export const registries: Act = async (stage) => {
  const { server } = stage.scene.cluster;
  edit(stage, 'change');
  await settled(stage);
  server.put('domain-registry', { ...domainData(), 'notes.json': '{}' }, 'person');
  server.put('cluster-info', { ...clusterInfo, motd: 'hello' }, 'person');
  await wait(stage, 1_500);
  registryDeeds['row-gone']?.(stage, { ...plain, who: 2, forMs: 5_000 });
  await wait(stage, 6_000);
  for (let n = 0; n < 4; n += 1) {
    edit(stage, n % 2 === 0 ? 'add' : 'change');
    await wait(stage, 60);
  }
  await settled(stage);
  registryDeeds['unreadable']?.(stage, { ...plain, word: 'json', forMs: 2_000 });
  await wait(stage, 2_500);
  await settled(stage);
};

/** Nodes, the API server and its watch go and come back; a hand changes what is ours. */
export const absences: Act = async (stage) => {
  const { weather } = stage.scene.cluster;
  const [laptop, vps, worker] = stage.nodes;
  if (laptop === undefined || vps === undefined || worker === undefined) return;
  laptop.link = 'silent';
  edit(stage, 'change');
  await wait(stage, 7_000);
  laptop.link = 'up';
  await settled(stage);
  worker.receiver = 'missing';
  worker.trouble = 0.4;
  edit(stage, 'change');
  await wait(stage, 6_000);
  worker.trouble = 0;
  worker.receiver = 'there';
  await settled(stage, 20_000);
  hand(laptop, (text) => text.replace(/10\.1\.0\.(\d)/u, '10.66.0.$1'));
  await insist(stage, 'reconcile', (controller) => controller.reconcile(person));
  stage.scene.cluster.endWatches('expired');
  weather.conflicts = 0.5;
  edit(stage, 'publish');
  await settled(stage);
  weather.conflicts = 0;
  // With the term store down a restarted daemon repairs drift under its own last term.
  weather.sky = 'failing';
  hand(laptop, (text) => text.replace(/10\.1\.0\.(\d)/u, '10.66.0.$1'));
  await wait(stage, 12_000);
  weather.sky = 'fair';
  await settled(stage);
  vps.link = 'refused';
  edit(stage, 'unpublish');
  await wait(stage, 3_000);
  vps.link = 'up';
  await settled(stage, 20_000);
};

/** What people decide: pauses, freezes, drift, approvals. */
export const decisions: Act = async (stage) => {
  const [first, second] = stage.nodes;
  if (first === undefined || second === undefined) return;
  await insist(stage, 'pause', async (controller) => {
    await controller.pause(undefined, person);
    stage.requests.hold('all', stage.main.machine);
  });
  edit(stage, 'change');
  await wait(stage, 6_000);
  stage.requests.release('all');
  await insist(stage, 'resume', (controller) => controller.resume(undefined, person));
  await settled(stage);
  const scope = { nodes: [first.id], type: undefined, all: false };
  const soon = (): string =>
    new Date(Date.parse('2026-01-05T08:17:00Z') + stage.world.nowMs + 9_000).toISOString();
  await insist(stage, 'freeze', ({ steering }) => steering.freeze({ scope, until: soon(), actor: person }));
  edit(stage, 'change');
  await wait(stage, 2_000);
  await insist(stage, 'unfreeze', ({ steering }) => steering.unfreeze({ scope, actor: person }));
  await insist(stage, 'freeze', ({ steering }) => steering.freeze({ scope, until: soon(), actor: person }));
  await wait(stage, 12_000);
  for (const mode of ['observe', 'correct'] as const)
    await insist(stage, `drift ${mode}`, ({ steering }) =>
      steering.drift({ node: second.id, mode, actor: person }),
    );
  await settled(stage);
  const mass = stage.truth.empty(stage.world.nowMs);
  stage.scene.cluster.server.put('service-registry', { 'services.json': '{}' }, 'person');
  await wait(stage, 2_500);
  stage.allowedMass.add(mass.number);
  await insist(stage, 'approve', async (controller) => {
    for (const { hash } of (await controller.status()).held) await controller.approve(hash, person);
  });
  approveAll(stage);
  await wait(stage, 4_000);
  saveServices(stage);
  await settled(stage);
};
