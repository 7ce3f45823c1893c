import { calm, converge } from './act/calm.ts';
import { end, healthyProbes, quiet } from './act/probes.ts';
import { deeds } from './act/deeds.ts';
import { Violation } from './kernel/world.ts';
import { closeDatabases } from './ports/sqlite.ts';
import { drawScript, type Script } from './script/action.ts';
import { Stage } from './stage.ts';

/** How one run ended. */
export interface Verdict {
  readonly seed: number;
  /** The invariant that broke, and how; undefined where all held. */
  readonly broken: { readonly invariant: string; readonly message: string } | undefined;
  readonly digest: string;
  readonly virtualMs: number;
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly times: readonly { readonly what: string; readonly ms: number }[];
  readonly lines: readonly string[];
}

/** Plays one script to its end, or to the first promise that breaks. */
export function play(script: Script, keepTrace = false): Promise<Verdict> {
  return perform(script, keepTrace, wholeScript);
}

/** Sets a stage and lets something happen on it. */
export async function perform(
  script: Script,
  keepTrace: boolean,
  happen: (stage: Stage) => Promise<void>,
): Promise<Verdict> {
  const stage = new Stage(script, keepTrace);
  let broken: Verdict['broken'];
  try {
    await happen(stage);
  } catch (error) {
    broken =
      error instanceof Violation
        ? { invariant: error.invariant, message: error.message }
        : {
            invariant: 'fault',
            message: error instanceof Error ? (error.stack ?? error.message) : String(error),
          };
    stage.note(`BROKEN ${broken.message}`);
  }
  for (const unit of stage.units) unit.process?.kill();
  closeDatabases();
  return {
    seed: script.seed,
    broken,
    digest: stage.world.trace.digest(),
    virtualMs: stage.world.nowMs,
    steps: stage.world.steps,
    counts: stage.scene.counts,
    times: stage.times,
    lines: stage.world.trace.lines(),
  };
}

/** Plays the script of a seed. */
export async function playSeed(seed: number, keepTrace = false): Promise<Verdict> {
  return play(drawScript(seed), keepTrace);
}

async function wholeScript(stage: Stage): Promise<void> {
  const { world, script, main } = stage;
  main.start();
  for (const action of script.actions)
    world.after(action.atMs, () => {
      stage.note(`! ${action.kind} ${action.word}`);
      deeds[action.kind]?.(stage, action);
    });
  await world.run(script.faultsMs + 30_000);
  calm(stage);
  await converge(stage);
  await quiet(stage);
  for (const probe of script.probes) {
    stage.note(`? ${probe}`);
    await healthyProbes[probe]?.(stage);
  }
  await end(stage);
}
