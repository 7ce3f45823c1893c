import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from '../scene.ts';
import { cpuMsOf, memoryMb } from './process.ts';
import { RunningDaemon } from './running-daemon.ts';

export interface DaemonCost {
  readonly warmNodes: number;
  readonly rssMb: number;
  readonly peakMb: number;
  readonly idleSeconds: number;
  readonly idlePercent: number;
  /** Commands and logins that all nodes saw while the registry did not change: each must be 0. */
  readonly idleCommands: number;
  readonly idleLogins: number;
  readonly stopMs: number;
}

/** The collection of garbage that follows a burst of work, some seconds later, is part of that work. */
const settleMs = 15_000;
const idleMs = 35_000;
const edits = 5;

/** What the daemon has done when it is weighed; what is weighed beside it does the same. */
export const beforeWeighing = { pushes: 1 + edits, quietMs: settleMs + idleMs };

/** What the daemon weighs, and what it does when nothing happens. */
export async function measureDaemon(scene: Scene, main: string): Promise<DaemonCost> {
  const daemon = await RunningDaemon.start(scene, main);
  return daemon.during(async () => {
    await daemon.verified();
    for (let edit = 0; edit < edits; edit += 1) await daemon.edit();
    await daemon.verified();
    const { pid } = daemon;
    const idle = await idleCost(scene, pid);
    const [rssMb, peakMb] = [memoryMb(pid, 'VmRSS'), memoryMb(pid, 'VmHWM')];
    const stopMs = await daemon.stop();
    return { warmNodes: scene.fleet.nodes.length, rssMb, peakMb, ...idle, stopMs };
  });
}

/** Idle, with saves that change nothing in between: the same bytes again, and the same content in another form. */
async function idleCost(
  scene: Scene,
  pid: number,
): Promise<Pick<DaemonCost, 'idleSeconds' | 'idlePercent' | 'idleCommands' | 'idleLogins'>> {
  await delay(settleMs);
  const before = { ...scene.sessions(), cpuMs: cpuMsOf(pid), at: performance.now() };
  await delay(idleMs);
  const [cpuMs, at] = [cpuMsOf(pid), performance.now()];
  const file = join(scene.registry, 'service-registry.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text);
  await delay(1_500);
  writeFileSync(file, JSON.stringify(JSON.parse(text), null, 4));
  await delay(1_500);
  const after = scene.sessions();
  return {
    idleSeconds: (at - before.at) / 1000,
    idlePercent: ((cpuMs - before.cpuMs) / (at - before.at)) * 100,
    idleCommands: after.commands - before.commands,
    idleLogins: after.logins - before.logins,
  };
}
