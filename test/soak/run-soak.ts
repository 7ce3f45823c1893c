import { setTimeout as delay } from 'node:timers/promises';
import { Checks } from './checks.ts';
import { command, damage, edit, restore } from './deeds.ts';
import { Faults } from './faults.ts';
import { growth, readGauge, type Gauge } from './gauges.ts';
import { openWorld, type World } from './world.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly nodes: number;
  readonly seed: number;
  readonly resident: boolean;
  readonly say: (line: string) => void;
}

/** What a soak came to. */
export interface Soaked {
  readonly gauges: readonly Gauge[];
  readonly faults: ReadonlyMap<string, number>;
  readonly commands: ReadonlyMap<string, number>;
  readonly edits: number;
  readonly looks: number;
  readonly calmSeconds: readonly number[];
  /** Every promise that was broken, one sentence each. */
  readonly broken: readonly string[];
  readonly exit: number | null;
}

const stormMs = 12_000;
const fewestCalms = 6;
const calmLimitMs = 180_000;

/** Storm and calm in turns, until the time is over: in the storm edits, faults and commands at random, in the calm the checks. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const world = await openWorld(options);
  const storm = new Storm(world, options);
  try {
    await storm.calm();
    const end = performance.now() + options.minutes * 60_000;
    // On a slow machine the calm takes long: growth is judged from several calm moments all the same.
    while ((performance.now() < end || storm.gauges.length < fewestCalms) && storm.broken.length === 0) {
      await storm.rage(stormMs);
      await storm.calm();
    }
    storm.broken.push(...growth(storm.gauges));
  } catch (error) {
    storm.broken.push(error instanceof Error ? error.message : String(error));
  }
  const said = storm.broken.length > 0 ? world.daemon.said().slice(-4_000) : '';
  if (said !== '') options.say(said);
  const exit = await world.stop();
  if (exit !== 0) storm.broken.push(`the daemon ended with ${String(exit)}`);
  return storm.result(exit);
}

class Storm {
  readonly broken: string[] = [];
  readonly gauges: Gauge[] = [];
  readonly #world: World;
  readonly #options: SoakOptions;
  readonly #faults: Faults;
  readonly #checks: Checks;
  readonly #commands = new Map<string, number>();
  readonly #calmSeconds: number[] = [];
  readonly #began = performance.now();
  #edits = 0;

  constructor(world: World, options: SoakOptions) {
    this.#world = world;
    this.#options = options;
    this.#faults = new Faults(world.rig.fleet.nodes, world.dice);
    this.#checks = new Checks(world);
  }

  async rage(ms: number): Promise<void> {
    const end = performance.now() + ms;
    const { dice } = this.#world;
    while (performance.now() < end) {
      const chance = dice.unit();
      if (chance < 0.4) this.#edit();
      else if (chance < 0.65) await this.#several(() => this.#faults.strike());
      else if (chance < 0.8) await this.#several(() => this.#faults.ease());
      else if (chance < 0.85) damage(this.#world);
      else this.#tell(await command(this.#world, this.#commands));
      this.broken.push(...this.#checks.always());
      await delay(dice.below(400));
    }
  }

  /** Mends everything and waits until every node is proved current, then looks closely. */
  async calm(): Promise<void> {
    const { rig } = this.#world;
    await this.#faults.mendAll();
    restore(this.#world);
    await rig.syncctl(['resume']);
    const began = performance.now();
    await this.#converged(began);
    this.#calmSeconds.push((performance.now() - began) / 1_000);
    this.broken.push(...this.#checks.always(), ...(await this.#checks.honest()));
    this.broken.push(...(await this.#tidied()));
    const gauge = await readGauge(
      this.#world.pid,
      this.#world.probe,
      (performance.now() - this.#began) / 60_000,
    );
    this.gauges.push(gauge);
    this.#options.say(
      `minute ${gauge.minute.toFixed(1)}: calm after ${(this.#calmSeconds.at(-1) ?? 0).toFixed(1)} s, ` +
        `${String(this.#edits)} edits, heap ${gauge.heapMb.toFixed(1)} MB, ${String(gauge.descriptors)} descriptors`,
    );
  }

  result(exit: number | null): Soaked {
    return {
      ...{ gauges: this.gauges, commands: this.#commands, edits: this.#edits, broken: this.broken, exit },
      ...{ faults: this.#faults.counts, looks: this.#checks.looks, calmSeconds: this.#calmSeconds },
    };
  }

  /** A large fleet has several bad days at once. */
  async #several(deed: () => Promise<void>): Promise<void> {
    for (let left = this.#options.nodes; left > 0; left -= 20) await deed();
  }

  #edit(): void {
    this.#edits += 1;
    // An admin who finds the file damaged saves a whole one.
    restore(this.#world);
    edit(this.#world);
  }

  #tell(wrong: string | undefined): void {
    if (wrong !== undefined) this.broken.push(wrong);
  }

  async #converged(began: number): Promise<void> {
    for (;;) {
      const { nodes, queue } = await this.#world.status();
      const left = nodes.filter(({ state, verified, hint }) => state !== 'active' || !verified || hint);
      const behind = this.#checks.behind();
      if (left.length === 0 && behind === undefined && queue.active + queue.due === 0) return;
      if (performance.now() - began > calmLimitMs) {
        const who = left
          .slice(0, 5)
          .map((node) => `${node.name} ${node.state} ${node.cause ?? ''} ${node.evidence}`);
        throw new Error(
          `no calm within ${String(calmLimitMs / 1_000)} s: ${[...who, behind ?? ''].join('; ')}`,
        );
      }
      await delay(250);
    }
  }

  /** What ran in the last moments may still be ending. */
  async #tidied(): Promise<readonly string[]> {
    const until = performance.now() + 15_000;
    for (;;) {
      const left = await this.#checks.tidy(this.#options.resident);
      if (left.length === 0 || performance.now() > until) return left;
      await delay(500);
    }
  }
}
