import { Violation } from '../kernel/world.ts';
import type { Stage } from '../stage.ts';
import { resume } from './controller.ts';
import { again, agree, limits, wait, type Probe } from './agree.ts';
import { approveAll, edit, saveServices } from './registry.ts';

const empty = (stage: Stage): void => {
  stage.truth.empty(stage.world.nowMs);
  stage.scene.cluster.server.put('service-registry', { 'services.json': '{}' }, 'person');
};

async function mustBeHeld(stage: Stage, when: string): Promise<void> {
  const { installs } = stage.scene.counts;
  await wait(stage, 4_000);
  if (stage.scene.counts.installs !== installs)
    throw new Violation('I6', `${when}: an emptied registry was obeyed`);
  if ((stage.main.engine?.parts.fleet.current()?.held.length ?? 0) === 0)
    throw new Violation('I6', `${when}: nothing is withheld`);
}

/** What people ask of a healthy controller, and what they do wrong. */
export const peopleProbes: Readonly<Record<string, Probe>> = {
  guard: async (stage) => {
    if (stage.dice.chance(0.5)) {
      empty(stage);
      await mustBeHeld(stage, 'emptied');
      await again(stage);
    } else {
      stage.main.kill(8_000);
      empty(stage);
      await wait(stage, 9_000);
      await again(stage);
    }
    await mustBeHeld(stage, 'after a restart');
    saveServices(stage);
    await agree(stage, stage.nodes, limits.edit, 'the end of an emptied registry');
  },
  approval: async (stage) => {
    // Without its database a controller takes no approvals, and says so.
    const { files, databases } = stage.main.machine.disk;
    if ([...files.keys(), ...databases.keys()].some((path) => path.includes('/durable.db.damaged'))) return;
    empty(stage);
    await mustBeHeld(stage, 'emptied');
    const { newest } = stage.truth;
    if (newest !== undefined) stage.allowedMass.add(newest.number);
    approveAll(stage);
    await agree(stage, stage.nodes, limits.edit, 'an approved removal');
    saveServices(stage);
    await agree(stage, stage.nodes, limits.edit, 'the end of an approved removal');
    stage.truth.empty(stage.world.nowMs);
    // The very same set of names, on another day.
    stage.scene.cluster.server.put('service-registry', { 'services.json': '{}' }, 'person');
    await mustBeHeld(stage, 'emptied again');
    saveServices(stage);
    await agree(stage, stage.nodes, limits.edit, 'the end of an emptied registry');
  },
  paused: async (stage) => {
    stage.ask(stage.main, 'pause all', async (controller) => {
      await controller.pause(undefined, { who: 'person', reason: 'the simulator' });
      stage.requests.hold('all', stage.main.machine);
    });
    await wait(stage, 500);
    const { applies } = stage.requests;
    edit(stage, 'change');
    await wait(stage, 3_000);
    if (stage.dice.chance(0.6)) await again(stage);
    await wait(stage, 5_000);
    if (stage.requests.applies !== applies) throw new Violation('pause', 'a paused controller pushed');
    resume(stage, undefined);
    await agree(stage, stage.nodes, limits.edit, 'the end of a pause');
  },
  annotated: async (stage) => {
    const { server } = stage.scene.cluster;
    const annotate = (annotations: Record<string, string>): void => {
      const present = server.objects.get('service-registry');
      if (present !== undefined) server.put('service-registry', present.data, 'person', annotations);
    };
    annotate({ 'sync-controller/paused': '' });
    await wait(stage, 1_500);
    const { applies } = stage.requests;
    edit(stage, 'change');
    await wait(stage, 8_000);
    if (stage.requests.applies !== applies)
      throw new Violation('pause', 'a controller pushed under the annotation');
    annotate({});
    await agree(stage, stage.nodes, limits.edit, 'the end of the annotation');
  },
  contended: async (stage) => {
    const { weather } = stage.scene.cluster;
    weather.conflicts = 0.7;
    edit(stage, 'change');
    await agree(stage, stage.nodes, limits.edit, 'an edit beside other writers');
    await stage.rowsTold(70_000);
    weather.conflicts = 0;
  },
};
