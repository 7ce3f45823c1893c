import { agree, wait } from '../act/agree.ts';
import { edit } from '../act/registry.ts';
import type { Unit } from '../controller/unit.ts';
import { Disk } from '../disk/disk.ts';
import { Violation } from '../kernel/world.ts';
import type { Executed } from '../node/node.ts';
import { perform, type Verdict } from '../run.ts';
import type { Script } from '../script/action.ts';
import { plain } from '../script/settings.ts';
import type { Stage } from '../stage.ts';

const scriptOf = (seed: number): Script => ({
  seed,
  nodes: 3,
  periodHours: 1,
  pollMs: 60_000,
  parallel: 32,
  settings: plain,
  twins: false,
  faultsMs: 0,
  probes: [],
  actions: [],
});

/** One trial: a controller stands still in the middle of a push, another one takes over, and the first goes on as if nothing had happened. */
export async function playTrial(seed: number, keepTrace = false): Promise<Verdict> {
  return perform(scriptOf(seed), keepTrace, trial);
}

async function trial(stage: Stage): Promise<void> {
  const { main, world, dice } = stage;
  main.start();
  await world.run(20_000, () => main.engine?.needsTerm() === false);
  await agree(stage, stage.nodes, 10_000, 'the first push');
  const stale = watchStale(stage);

  edit(stage, 'change');
  await wait(stage, dice.unit() * 160);
  const paused = main.process;
  if (paused === undefined) throw new Violation('fault', 'no controller runs');
  world.pause(paused);
  const pausedMs = world.nowMs;
  stage.note(`${paused.name} stands still`);

  const other = await takeOver(stage);
  for (let n = dice.int(0, 2); n > 0; n -= 1) {
    edit(stage, 'change');
    await wait(stage, dice.unit() * 9_000);
  }
  // It goes on while the other one is in the middle of a push.
  edit(stage, 'change');
  await wait(stage, dice.unit() * 160);
  stage.note(`${paused.name} goes on`);
  world.resume(paused, dice.chance(0.5) ? world.nowMs - pausedMs : 0);

  await wait(stage, 20_000);
  edit(stage, 'change');
  await wait(stage, 45_000);
  mustShow(stage, stale);
  mustLead(stage, other);
}

/** The other controller begins a term of its own and brings all nodes to it. */
async function takeOver(stage: Stage): Promise<Unit> {
  const other = stage.unit('b', { name: 'beta', disk: new Disk(), wallOffsetMs: 0 });
  other.start();
  await stage.world.run(stage.world.nowMs + 30_000, () => other.engine?.needsTerm() === false);
  await wait(stage, 200 + stage.dice.unit() * 6_000);
  return other;
}

interface Stale {
  /** Attempts that came too late, by node, and how many of them the node refused. */
  readonly nodes: Map<string, { attempts: number; refused: number }>;
}

/** Notes what becomes of requests under an older epoch than a node has accepted. */
function watchStale(stage: Stage): Stale {
  const nodes = new Map<string, { attempts: number; refused: number }>();
  const highest = new Map<string, number>();
  for (const node of stage.nodes) {
    const judge = node.onExecuted;
    node.onExecuted = (what: Executed) => {
      const { request, expected } = what;
      const known = highest.get(node.id) ?? 0;
      if (request.epoch < known) {
        const seen = nodes.get(node.id) ?? { attempts: 0, refused: 0 };
        nodes.set(node.id, seen);
        seen.attempts += 1;
        if (expected?.result === 'FENCED') seen.refused += 1;
      }
      judge(what);
      highest.set(node.id, Math.max(known, node.model.fence(request)?.epoch ?? 0));
    };
  }
  return { nodes };
}

/** Every stale attempt was refused, and the controller that made it says so. */
function mustShow(stage: Stage, { nodes }: Stale): void {
  const { engine } = stage.main;
  if (engine === undefined) throw new Violation('fault', 'the first controller is gone');
  const standing = engine.parts.standing.state();
  for (const [id, { attempts, refused }] of nodes) {
    stage.took('stale attempts', attempts);
    if (refused !== attempts)
      throw new Violation(
        'I2',
        `${id} answered FENCED to ${String(refused)} of ${String(attempts)} stale attempts`,
      );
    const cause = [...engine.parts.status.all()].find(([node]) => node === id)?.[1].cause;
    if (cause !== 'fenced' && cause !== 'rival')
      throw new Violation(
        'fenced',
        `${id} refused a stale attempt, and its status shows ${cause ?? 'no cause'}`,
      );
  }
  if (nodes.size > 0 && standing.kind !== 'rival')
    throw new Violation(
      'rival',
      `the first controller is ${standing.kind} after ${String(nodes.size)} nodes refused it`,
    );
}

/** The other controller has all nodes where the registry wants them. */
function mustLead(stage: Stage, other: Unit): void {
  for (const node of stage.nodes) {
    const status = [...(other.engine?.parts.status.all() ?? [])].find(([id]) => id === node.id)?.[1];
    if (status?.state !== 'active')
      throw new Violation(
        'I5',
        `${node.id} is ${status?.state ?? 'unknown'}/${status?.cause ?? ''} for the controller that leads`,
      );
  }
}
