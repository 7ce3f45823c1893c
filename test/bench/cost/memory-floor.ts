import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { settingsText, type Scene } from '../scene.ts';
import { writeRegistry } from '../registry.ts';
import { documentOf, takeSeqs } from '../ways/requests.ts';
import type { BareOrder } from './bare-sessions.ts';
import { beforeWeighing } from './daemon.ts';
import { memoryMb } from './process.ts';
import { endProgram, startProgram } from './program.ts';
import { RunningDaemon } from './running-daemon.ts';

const { pushes, quietMs } = beforeWeighing;

/** What the daemon's memory is made of, in megabytes of VmRSS. */
export interface MemoryFloor {
  /** Node.js with a program that does nothing. */
  readonly nodeMb: number;
  /** A process with the same sessions of bare ssh2. */
  readonly sessionsMb: number;
  /** The daemon before its first node. */
  readonly emptyMb: number;
}

/** Weighs the runtime, bare sessions and the daemon without any node: where the memory goes. */
export async function measureMemoryFloor(scene: Scene, main: string): Promise<MemoryFloor> {
  return {
    nodeMb: await nothing(scene.folder),
    sessionsMb: await bareSessions(scene),
    emptyMb: await emptyDaemon(scene, main),
  };
}

async function nothing(folder: string): Promise<number> {
  const source = join(folder, 'nothing.ts');
  writeFileSync(source, "process.on('message', () => undefined);\n");
  const child = await startProgram(source, folder);
  try {
    await delay(quietMs / 10);
    return memoryMb(child.pid ?? 0, 'VmRSS');
  } finally {
    await endProgram(child);
  }
}

async function bareSessions(scene: Scene): Promise<number> {
  const { nodes, clientKey } = scene.fleet;
  const order: BareOrder = {
    nodes: nodes.map(({ name, address, port, user, hostKeys }) => ({ name, address, port, user, hostKeys })),
    keyFile: clientKey,
    documents: Array.from({ length: pushes }, () => documentOf(scene, scene.nextGeneration()).toString()),
    firstSeq: takeSeqs(pushes),
  };
  const child = await startProgram(join(import.meta.dirname, 'bare-sessions.ts'), scene.folder);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', (told: { failed?: string }) => {
        if (told.failed === undefined) resolve();
        else reject(new Error(`bench: the bare sessions: ${told.failed}`));
      });
      child.once('close', (code) => {
        reject(new Error(`bench: the bare sessions ended with ${String(code)}`));
      });
      child.send(order);
    });
    await delay(quietMs);
    return memoryMb(child.pid ?? 0, 'VmRSS');
  } finally {
    await endProgram(child);
  }
}

async function emptyDaemon(scene: Scene, main: string): Promise<number> {
  const folder = mkdtempSync(join(scene.folder, 'empty-'));
  const registry = join(folder, 'registry');
  mkdirSync(registry);
  writeRegistry(registry, [], scene.entries(0));
  const settings = join(folder, 'config.yaml');
  writeFileSync(settings, settingsText(folder, registry, scene.fleet.clientKey));
  const daemon = await RunningDaemon.start(scene, main, settings);
  return daemon.during(async () => {
    await daemon.verified(0);
    await delay(quietMs);
    const weight = memoryMb(daemon.pid, 'VmRSS');
    await daemon.stop();
    return weight;
  });
}
