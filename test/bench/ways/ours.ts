// Our own way: the whole controller over a registry folder, with its plan, term, ladder, status and durable memory.
import { buildController, type OpenController } from '../../../src/compose/controller.ts';
import { loadSettings } from '../../../src/config/load.ts';
import type { PushReport } from '../../../src/contract/report.ts';
import type { Transport } from '../../../src/transport/transport.ts';
import type { Scene } from '../scene.ts';
import { lap, type Lap } from '../stats.ts';
import { speaker, type Speaker } from './speaker.ts';

const actor = { who: 'bench', reason: undefined };

/** A controller from nothing to every node verified, as one `syncctl push` without a daemon does it: read, plan, term, sessions, push. */
export async function coldPush(scene: Scene, generation: number): Promise<Lap> {
  await scene.edit(generation);
  const settings = await settingsOf(scene);
  let built: OpenController | undefined;
  const measured = await lap(async () => {
    const marks = [performance.now()];
    built = await buildController(settings, speaker().log, { daemon: false, command: 'bench' });
    await built.engine.open();
    marks.push(performance.now());
    await built.engine.beginTerm(built.engine.ids());
    marks.push(performance.now());
    mustAll(scene, await built.controller.push({ nodes: undefined, takeOver: false, actor }));
    marks.push(performance.now());
    return { open: between(marks, 0), term: between(marks, 1), push: between(marks, 2) };
  });
  await built?.close();
  return measured;
}

/** What a controller needs of a scene: a registry, and how many nodes it names. */
export type Stage = Pick<Scene, 'settings' | 'prepare'> & {
  readonly fleet: { readonly nodes: readonly unknown[] };
};

export interface WarmHow {
  /** One receiver stays on every session. */
  readonly resident?: boolean;
  /** Another way to the nodes than SSH. */
  readonly transport?: Transport;
}

// A thousand cold logins on two cores take a minute.
const patienceMs = 300_000;

/** A controller that follows the registry with warm sessions, as the daemon does. */
export class WarmController {
  private readonly scene: Stage;
  private readonly built: OpenController;
  private readonly speaker: Speaker;

  private constructor(scene: Stage, built: OpenController, voice: Speaker) {
    this.scene = scene;
    this.built = built;
    this.speaker = voice;
  }

  /** Starts it and waits until every node is verified, so that all sessions are warm. */
  static async start(scene: Stage, how: WarmHow = {}): Promise<WarmController> {
    const voice = speaker();
    const settings = await settingsOf(scene);
    const own = { ...settings, ssh: { ...settings.ssh, resident: how.resident ?? false } };
    const built = await buildController(own, voice.log, {
      daemon: true,
      command: 'bench',
      ...(how.transport === undefined ? {} : { transport: how.transport }),
    });
    await built.engine.open();
    await built.engine.beginTerm(built.engine.ids());
    await built.engine.follow();
    const warm = new WarmController(scene, built, voice);
    await warm.settled();
    return warm;
  }

  /** From the save of a registry file to the last node verified; `wait` is what passes before the plan is queued (event, quiet time, read, plan). */
  async change(generation: number): Promise<Lap> {
    const save = this.scene.prepare(generation);
    return lap(async () => {
      const start = performance.now();
      const queued = this.speaker.hear('registry changed');
      await save();
      const at = await queued;
      await this.settled();
      return { wait: at - start, push: performance.now() - at };
    });
  }

  /** `syncctl push` of what is there already: every node is asked and proves its bytes. */
  async noop(): Promise<Lap> {
    return lap(async () => {
      mustAll(this.scene, await this.built.controller.push({ nodes: undefined, takeOver: false, actor }));
      return undefined;
    });
  }

  async close(): Promise<void> {
    await this.built.close();
  }

  /** Resolves when each node's verified digest is the wanted one. */
  async settled(): Promise<void> {
    const { status, loop } = this.built.engine.parts;
    const failed = (): string | undefined => this.speaker.complaint();
    const done = (): boolean => {
      const { active, due } = loop.queue.depth();
      if (active + due > 0) return false;
      const all = [...status.all().values()];
      const verified = all.filter(
        (one) => one.state === 'active' && !one.hint && one.installed === one.desired,
      );
      return verified.length === this.scene.fleet.nodes.length;
    };
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const late = setTimeout(() => {
      const behind = [...status.all().values()].find(
        (one) => one.state !== 'active' || one.installed !== one.desired,
      );
      reject(
        new Error(
          `bench: not every node was verified within ${String(patienceMs / 1000)} s; ${JSON.stringify(behind)} ${failed() ?? ''}`,
        ),
      );
    }, patienceMs);
    const look = (): void => {
      if (done()) resolve(undefined);
    };
    const leave = status.subscribe(() => {
      setImmediate(look);
    });
    look();
    try {
      await promise;
    } finally {
      leave();
      clearTimeout(late);
    }
  }
}

async function settingsOf(scene: Pick<Scene, 'settings'>) {
  return (await loadSettings({ file: scene.settings, env: {}, uid: 0 })).settings;
}

function mustAll(scene: Stage, report: PushReport): void {
  if (report.verified === scene.fleet.nodes.length) return;
  const failed = report.nodes.find((node) => !node.verified);
  throw new Error(
    `bench: ${String(report.failed)} nodes are not verified; ${failed?.name ?? ''}: ${failed?.cause ?? ''} ${failed?.evidence ?? ''}`,
  );
}

function between(marks: readonly number[], index: number): number {
  return (marks[index + 1] ?? 0) - (marks[index] ?? 0);
}
