import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { loadSettings } from '../../../src/config/load.ts';
import { connectDaemon, type SocketClient } from '../../../src/contract/client.ts';
import type { ControllerStatus } from '../../../src/contract/report.ts';
import { proveGeneration, type Scene } from '../scene.ts';
import { unitEnvironment } from './process.ts';

/** A status of many nodes is work for the daemon: it is asked for so often only that the asking does not count. */
const askEachMs = 2;
const patienceMs = 300_000;

/** The built daemon as a process of its own, with a warm session to every node. */
export class RunningDaemon {
  readonly #scene: Scene;
  readonly #child: ChildProcess;
  readonly #socket: string;
  #said = '';

  private constructor(scene: Scene, child: ChildProcess, socket: string) {
    this.#scene = scene;
    this.#child = child;
    this.#socket = socket;
    const hear = (chunk: Buffer): void => {
      this.#said = (this.#said + chunk.toString()).slice(0, 4_000);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
  }

  static async start(scene: Scene, main: string, settings = scene.settings): Promise<RunningDaemon> {
    const { socket } = (await loadSettings({ file: settings, env: {}, uid: 0 })).settings.daemon;
    const env = {
      ...unitEnvironment(),
      PATH: process.env['PATH'] ?? '',
      HOME: scene.folder,
      NO_COLOR: '1',
    };
    const child = spawn(process.execPath, [main, 'daemon', '--config', settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    return new RunningDaemon(scene, child, socket);
  }

  /** Runs `work` with it, and stops it afterwards: hard where the work failed, whose error then tells what it said. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.#said}`, {
        cause: error,
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first lines that it said. */
  get said(): string {
    return this.#said;
  }

  /** Its socket, which answers by now. */
  async client(): Promise<SocketClient> {
    const client = await connectDaemon(this.#socket);
    if (client === undefined) throw new Error('bench: the daemon has no socket');
    return client;
  }

  async verified(length = this.#scene.fleet.nodes.length): Promise<void> {
    const isDone = ({ nodes, queue }: ControllerStatus): boolean =>
      queue.active + queue.due === 0 && nodes.filter((node) => node.verified).length === length;
    await until('every node is verified by the daemon', Math.max(100, askEachMs * length), async () => {
      const daemon = await connectDaemon(this.#socket).catch(() => undefined);
      // A machine with a thousand logins at once may be too busy to answer in time.
      const status = await daemon?.status().catch(() => undefined);
      await daemon?.close();
      return status !== undefined && isDone(status);
    });
  }

  /** Saves an edit and waits until the nodes' own files hold it. @returns the milliseconds in between. */
  async edit(everyMs = 100): Promise<number> {
    const generation = this.#scene.nextGeneration();
    const start = performance.now();
    await this.#scene.edit(generation);
    await until(`generation ${String(generation)} is on every node`, everyMs, () => {
      try {
        proveGeneration(this.#scene, generation);
        return Promise.resolve(true);
      } catch {
        return Promise.resolve(false);
      }
    });
    return performance.now() - start;
  }

  /** @returns the milliseconds of a graceful stop. */
  async stop(): Promise<number> {
    const start = performance.now();
    const ended = new Promise<number | null>((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) throw new Error(`bench: the daemon ended with ${String(code)} after SIGTERM`);
    return performance.now() - start;
  }
}

async function until(what: string, everyMs: number, check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await check())) {
    if (performance.now() > end)
      throw new Error(`bench: gave up after ${String(patienceMs / 1000)} s waiting until ${what}`);
    await delay(everyMs);
  }
}
