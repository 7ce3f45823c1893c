import { Disk } from '../disk/disk.ts';
import { damagedDatabase } from '../ports/sqlite.ts';
import { Violation } from '../kernel/world.ts';
import { stateDirectory, type Stage } from '../stage.ts';
import type { Deed } from './deed.ts';

const person = { who: 'person', reason: 'the simulator' };

/** Stops a unit that was started by mistake, and whatever it thought. */
export function stopOthers(stage: Stage): void {
  for (const unit of stage.units) {
    if (unit === stage.main) continue;
    unit.stop();
    unit.kill();
  }
}

/** What happens to controllers and the machines under them. */
export const controllerDeeds: Readonly<Record<string, Deed>> = {
  kill: (stage, { number }) => {
    const { process } = stage.main;
    if (process?.alive !== true) return;
    stage.note(`kill -9 of ${process.name}${number > 0 ? ` at its ${String(number)}th step from here` : ''}`);
    if (number > 0) process.fuse = number;
    else stage.main.kill();
    if (number > 0) process.atEnd(() => stage.main.kill());
  },
  restart: (stage, { forMs }) => {
    stage.main.stop();
    stage.later(forMs, () => stage.main.start());
  },
  pause: (stage, { word, forMs }) => {
    const { process } = stage.main;
    if (process?.alive !== true || process.paused) return;
    stage.note(`${process.name} stands still`);
    stage.world.pause(process);
    stage.later(forMs, () => {
      stage.note(`${process.name} goes on`);
      stage.world.resume(process, word === 'sleep' ? forMs : 0);
    });
  },
  'lose-state': (stage) => {
    if (stage.rerouted.size > 0 || stage.faults.has('behind')) return;
    stage.main.kill();
    stage.main.machine.disk.erase(stateDirectory);
    stage.note('the state directory is lost');
    stage.requests.release('all');
    stage.rollouts.forget(stage.main.machine);
  },
  'power-cut': (stage, { forMs }) => {
    stage.main.kill(forMs);
    stage.main.machine.disk.powerCut(stage.dice);
    stage.note('the power is cut');
  },
  'clock-jump': (stage, { number }) => {
    stage.main.machine.wallOffsetMs += number;
    stage.requests.clockSet();
  },
  'disk-full': (stage, { forMs }) => {
    const { disk } = stage.main.machine;
    stage.hold(
      'disk',
      forMs,
      () => (disk.full = true),
      () => (disk.full = false),
    );
  },
  'disk-failing': (stage, { forMs }) => {
    const { disk } = stage.main.machine;
    stage.hold(
      'platter',
      forMs,
      () => (disk.failing = true),
      () => (disk.failing = false),
    );
  },
  'database-damaged': (stage, { word }) => {
    const { databases } = stage.main.machine.disk;
    const path = `${stateDirectory}/${word}.db`;
    if (!databases.has(path)) return;
    stage.note(`${word}.db is damaged`);
    databases.set(path, damagedDatabase);
  },
  'term-back': (stage) => {
    const { server } = stage.scene.cluster;
    const term = server.objects.get('sync-controller-term');
    if (term === undefined) return;
    stage.note('the term store goes back');
    stage.writes.goBack();
    server.put('sync-controller-term', { ...term.data, epoch: '0' }, 'person');
  },
  second: (stage, { forMs }) => {
    if (stage.rerouted.size > 0 || stage.faults.has('behind')) return;
    if (stage.units.some((unit) => unit.name === 'b' && unit.running)) return;
    const unit = stage.unit('b', { name: 'beta', disk: new Disk(), wallOffsetMs: 0 });
    unit.lives = stage.units.length * 100;
    unit.start();
    stage.later(forMs, () => {
      stage.note('the second controller is found and stopped');
      unit.stop();
      stage.later(12_000, () => unit.kill());
      stage.later(stage.dice.int(15, 60) * 1000, () => takeTerm(stage));
    });
  },
  twin: (stage) => {
    if (!stage.main.running || stage.main.controller === undefined) return;
    const unit = stage.unit('twin', stage.main.machine);
    unit.lives = stage.units.length * 100;
    unit.start();
    const holder = stage.main.process;
    stage.later(3_000, () => {
      if (unit.controller !== undefined && stage.main.process === holder && holder?.alive === true)
        stage.world.fail(new Violation('lock', 'two controllers run under one state directory'));
      unit.stop();
      unit.kill();
    });
  },
  'ask-push': (stage) => {
    stage.ask(stage.main, 'push', (controller) =>
      controller.push({ nodes: undefined, takeOver: false, actor: person }),
    );
  },
  'ask-reconcile': (stage) => {
    stage.ask(stage.main, 'reconcile', (controller) => controller.reconcile(person));
  },
  'ask-plan': (stage) => {
    stage.ask(stage.main, 'plan', (controller) => controller.plan({ nodes: undefined, offline: false }));
  },
  'ask-pause': (stage, { word, who, forMs, number }) => {
    const node = stage.nodes[who % stage.nodes.length];
    const scope = word === 'all' ? undefined : node?.id;
    stage.ask(stage.main, `pause ${scope ?? 'all'}`, async (controller) => {
      await controller.pause(scope, person);
      stage.requests.hold(scope ?? 'all', stage.main.machine);
    });
    if (number > 0) stage.later(number * 100, () => stage.main.kill());
    stage.later(forMs, () => resume(stage, scope));
  },
};

/** What a person does about a rival that is gone. */
export function takeTerm(stage: Stage): void {
  const { engine, process } = stage.main;
  if (process === undefined || engine?.parts.standing.state().kind !== 'rival') return;
  stage.requests.goOn(process);
  stage.writes.forgive(process.name);
  stage.ask(stage.main, 'term take', (controller) => controller.takeTerm(person));
}

/** What is held, by the clock of the controller's own machine. */
export function heldScopes({ main }: Stage): readonly string[] {
  const { process, engine } = main;
  return process?.run(() => engine?.parts.decisions.pauses().map(({ scope }) => scope)) ?? [];
}

/** Takes a pause back; the check of it ends with the asking. */
export function resume(stage: Stage, scope: string | undefined): void {
  stage.requests.release(scope ?? 'all');
  stage.ask(stage.main, `resume ${scope ?? 'all'}`, (controller) => controller.resume(scope, person));
}
