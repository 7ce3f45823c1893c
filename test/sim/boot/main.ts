// One process of the simulator: plays seeds and prints a line of JSON for each. Started by plain node, because the virtual world
// is put under the product by hooks of node's own module loader.
import { install } from './hooks.ts';
import type { Task } from './task.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
install(task.defects ?? []);
const { globals } = await import('../kernel/globals.ts');
Object.assign(globalThis, { syncSim: globals });
// Loaded before the first run, so that no run waits for a module.
await import('../../../src/registry/kubernetes-source.ts');
await import('../../../src/transport/ssh2-transport.ts');
const { Killed } = await import('../kernel/process.ts');
const { theWorld } = await import('../kernel/world.ts');
const { playSeed } = await import('../run.ts');
const { shrunk } = await import('../script/shrink.ts');
const { playTrial } = await import('../trials/dual-masters.ts');
const { playIsolation } = await import('../trials/isolation.ts');

const plays = { script: playSeed, 'dual-masters': playTrial, isolation: playIsolation };

process.on('unhandledRejection', (reason) => {
  // What a killed process leaves unfinished is nobody's.
  if (reason instanceof Killed || (reason instanceof Error && reason.cause instanceof Killed)) return;
  theWorld().fail(reason instanceof Error ? reason : new Error(String(reason)));
});

for (let seed = task.seeds[0]; seed <= task.seeds[1]; seed += 1) {
  const cpu = process.cpuUsage();
  const verdict = await plays[task.play](seed, task.keepTrace === true);
  const { user, system } = process.cpuUsage(cpu);
  const isBroken = verdict.broken !== undefined;
  const lines = isBroken || task.keepTrace === true ? verdict.lines : [];
  const script = isBroken && task.shrink === true ? await shrunk(seed, verdict) : undefined;
  const told = { ...verdict, lines, script, cpuMs: Math.round((user + system) / 1000) };
  process.stdout.write(`${JSON.stringify(told)}\n`);
  if (isBroken && task.untilBroken === true) break;
}
process.exit(0);
