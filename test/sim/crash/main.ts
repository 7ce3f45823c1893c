// One process that plays the crash script, each time with one death. Started by plain node, as the simulator's own processes are.
import { install } from '../boot/hooks.ts';
import { Bomb, momentOf, plant, words } from './bomb.ts';
import { watchAwaits } from './hooks.ts';
import type { CrashTask, Survived } from './task.ts';

const task = JSON.parse(process.argv[2] ?? '') as CrashTask;
install(task.defects ?? []);
watchAwaits();
Object.assign(globalThis, { syncCrash: words });
const { globals } = await import('../kernel/globals.ts');
Object.assign(globalThis, { syncSim: globals });
await import('../../../src/registry/kubernetes-source.ts');
await import('../../../src/transport/ssh2-transport.ts');
const { Killed } = await import('../kernel/process.ts');
const { theWorld } = await import('../kernel/world.ts');
const { perform } = await import('../run.ts');
const { crashScript, playScript } = await import('./script.ts');

process.on('unhandledRejection', (reason) => {
  if (reason instanceof Killed || (reason instanceof Error && reason.cause instanceof Killed)) return;
  theWorld().fail(reason instanceof Error ? reason : new Error(String(reason)));
});

for (const name of task.moments) {
  const cpu = process.cpuUsage();
  const bomb = new Bomb(name === null ? undefined : momentOf(name));
  plant(bomb);
  const verdict = await perform(crashScript, task.keepTrace === true, async (stage) => {
    const { main } = stage;
    bomb.isWatched = (process) => process.machine === main.machine;
    bomb.onDeath = (process) => {
      stage.note(`*** kill -9 of ${process.name} at ${name ?? ''}`);
      if (process === main.process) main.kill();
    };
    let played = '';
    await playScript(stage, {
      onAct: (act) => {
        played = act;
        bomb.enter(act);
      },
      isOver: () => played === task.until || (bomb.victim !== undefined && task.whole !== true),
    });
  });
  plant(new Bomb(undefined));
  const { user, system } = process.cpuUsage(cpu);
  const told: Survived = {
    moment: name ?? '',
    broken: verdict.broken,
    victim: bomb.victim,
    digest: verdict.digest,
    virtualMs: verdict.virtualMs,
    counts: verdict.counts,
    passed: name === null ? [...bomb.passed] : [],
    firsts: name === null ? bomb.firsts : [],
    lines: verdict.broken !== undefined || task.keepTrace === true ? verdict.lines : [],
    cpuMs: Math.round((user + system) / 1000),
  };
  await new Promise((resolve) => process.stdout.write(`${JSON.stringify(told)}\n`, resolve));
  if (told.broken !== undefined && task.untilBroken === true) break;
}
process.exit(0);
