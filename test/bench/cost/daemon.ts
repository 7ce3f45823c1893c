import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadSettings } from '../../../src/config/load.ts';
import { connectDaemon } from '../../../src/contract/client.ts';
import type { ControllerStatus } from '../../../src/contract/report.ts';
import { proveGeneration, type Scene } from '../scene.ts';
import { cpuMsOf, memoryMb, unitEnvironment } from './process.ts';

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
/** A status of many nodes is work for the daemon: it is asked for so often only that the asking does not count. */
const askEachMs = 2;
const patienceMs = 300_000;

/** The built daemon as a process of its own, with a warm session to every node: what it weighs and what it does when nothing happens. */
export async function measureDaemon(scene: Scene, main: string): Promise<DaemonCost> {
  const env = { ...unitEnvironment(), PATH: process.env['PATH'] ?? '', HOME: scene.folder, NO_COLOR: '1' };
  const child = spawn(process.execPath, [main, 'daemon', '--config', scene.settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const voice = listen(child);
  try {
    const { socket } = (await loadSettings({ file: scene.settings, env: {}, uid: 0 })).settings.daemon;
    await verified(scene, socket, voice);
    for (let edit = 0; edit < edits; edit += 1) {
      const generation = scene.nextGeneration();
      await scene.edit(generation);
      await proven(scene, generation);
    }
    await verified(scene, socket, voice);
    const pid = child.pid ?? 0;
    const idle = await idleCost(scene, pid);
    const [rssMb, peakMb] = [memoryMb(pid, 'VmRSS'), memoryMb(pid, 'VmHWM')];
    const stopMs = await stop(child);
    return { warmNodes: scene.fleet.nodes.length, rssMb, peakMb, ...idle, stopMs };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${voice()}`, {
      cause: error,
    });
  }
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

function listen(child: ChildProcess): () => string {
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(0, 4_000);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  return () => said;
}

async function verified(scene: Scene, socket: string, voice: () => string): Promise<void> {
  const isDone = ({ nodes, queue }: ControllerStatus): boolean =>
    queue.active + queue.due === 0 &&
    nodes.filter((node) => node.verified).length === scene.fleet.nodes.length;
  const askMs = Math.max(100, askEachMs * scene.fleet.nodes.length);
  await until(`every node is verified by the daemon: ${voice()}`, askMs, async () => {
    const daemon = await connectDaemon(socket).catch(() => undefined);
    // A machine with a thousand logins at once may be too busy to answer in time.
    const status = await daemon?.status().catch(() => undefined);
    await daemon?.close();
    return status !== undefined && isDone(status);
  });
}

/** Waits until the nodes' own files hold the generation. */
async function proven(scene: Scene, generation: number): Promise<void> {
  await until(`generation ${String(generation)} is on every node`, 100, () => {
    try {
      proveGeneration(scene, generation);
      return Promise.resolve(true);
    } catch {
      return Promise.resolve(false);
    }
  });
}

async function until(what: string, everyMs: number, check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await check())) {
    if (performance.now() > end)
      throw new Error(`bench: gave up after ${String(patienceMs / 1000)} s waiting until ${what}`);
    await delay(everyMs);
  }
}

async function stop(child: ChildProcess): Promise<number> {
  const start = performance.now();
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const code = await ended;
  if (code !== 0) throw new Error(`bench: the daemon ended with ${String(code)} after SIGTERM`);
  return performance.now() - start;
}
