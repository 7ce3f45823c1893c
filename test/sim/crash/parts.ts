import { openController } from '../../../src/compose.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { loggerOver } from '../../../src/lib/logger.ts';
import type { Actor } from '../../../src/contract/controller.ts';
import type { Controller } from '../../../src/reconcile/controller.ts';
import { settingsFor } from '../controller/settings.ts';
import type { Unit } from '../controller/unit.ts';
import { SimProcess } from '../kernel/process.ts';
import { stateDirectory, type Stage } from '../stage.ts';

export const person: Actor = { who: 'person', reason: 'the crash script' };

/** Short periods, so that a minute of the script holds what an hour of a fleet does. */
export const settings = {
  watch: { pollMs: 5_000 },
  reconcile: { periodHours: 0.021 },
  status: { flushMs: 4_000 },
  retry: { delayMs: 1_000 },
  presence: { probeMs: 1_000 },
  rollout: { batches: [1, '100%'], soakMs: 200 },
};

export function writtenSettings(): Settings {
  return settingsFor(stateDirectory, settings);
}

/** A name to which the first person that asks for something gives their word again, until it is answered. */
export type Wish = (controller: Controller) => Promise<unknown>;

/**
 * A person who asks until there is an answer: whoever was killed in the middle gave none. A refusal is an answer.
 * Lets time pass until then, or until the person has lost patience.
 */
export async function insist(stage: Stage, what: string, wish: Wish, ms = 20_000): Promise<void> {
  const { world, main } = stage;
  const untilMs = world.nowMs + ms;
  const asked = { over: false, answered: false };
  while (!asked.answered && world.nowMs < untilMs) {
    const { process, controller } = main;
    asked.over = controller === undefined;
    stage.ask(main, what, async (listening) => {
      try {
        await wish(listening);
      } finally {
        asked.over = true;
        asked.answered = process?.alive === true;
      }
    });
    await world.run(Math.min(untilMs, world.nowMs + 10_000), () => asked.over || process?.alive !== true);
    await world.run(Math.min(untilMs, world.nowMs + 700), () => asked.answered);
  }
}

/** One command without a daemon, in a process of its own on the machine of the main unit. */
export async function command(
  stage: Stage,
  name: string,
  work: (api: Awaited<ReturnType<typeof openController>>) => Promise<unknown>,
): Promise<void> {
  const { world, main } = stage;
  const process = new SimProcess({
    name,
    pid: 9_000 + stage.units.length,
    machine: main.machine,
    dice: world.dice.fork(name),
    nowMs: world.nowMs,
  });
  stage.note(`${name} starts`);
  stage.requests.began(process);
  let over = false;
  const log = loggerOver((level, message) => {
    if (process.alive) stage.note(`${name} ${level}: ${message}`);
  });
  process.run(() => {
    const run = async (): Promise<void> => {
      const api = await openController(writtenSettings(), log, name);
      await work(api).catch((error: unknown) => stage.note(`${name}: ${String(error)}`));
      await api.close();
    };
    run().then(
      () => (over = true),
      (error: unknown) => {
        stage.note(`${name} ends: ${String(error)}`);
        over = true;
      },
    );
  });
  await world.run(world.nowMs + 60_000, () => over || !process.alive);
  process.kill();
}

/** The unit of the script, under the settings of the script. */
export function settle(unit: Unit): void {
  Reflect.set(unit, 'settings', writtenSettings());
}
