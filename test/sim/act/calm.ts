import { Violation } from '../kernel/world.ts';
import { disagreement, statusOf } from '../check/agreement.ts';
import type { Disk } from '../disk/disk.ts';
import { damagedDatabase } from '../ports/sqlite.ts';
import type { Stage } from '../stage.ts';
import { heldScopes, resume, stopOthers, takeTerm } from './controller.ts';
import { mendNodes } from './node.ts';
import { approveAll, restoreAll } from './registry.ts';
import { correctDrift, letGo } from './steering.ts';

const roundMs = 20_000;
const approveAfterMs = 100_000;
// The hourly look, the longest wait between passes and the time of a pass itself.
const patienceMs = (periodHours: number): number => periodHours * 3_600_000 * 1.1 + 900_000 * 1.2 + 120_000;

/** A person has looked at a damaged database and takes it away: only then does a new one take its place. @returns false where there was none. */
function sawDamage(disk: Disk): boolean {
  const { databases, files } = disk;
  const damaged = [...databases.keys(), ...files.keys()].filter(
    (path) => path.includes('.damaged-') || databases.get(path) === damagedDatabase,
  );
  for (const path of damaged) {
    databases.delete(path);
    disk.name(path, undefined);
  }
  return damaged.length > 0;
}

/** All faults end. From here on nobody does anything but what is a person's by design. */
export function calm(stage: Stage): void {
  stage.note('--- the faults end');
  stage.faults.clear();
  stage.calm = true;
  const { cluster } = stage.scene;
  cluster.weather.clear();
  stopOthers(stage);
  mendNodes(stage);
  const { disk } = stage.main.machine;
  disk.full = false;
  disk.failing = false;
  const { process } = stage.main;
  if (process !== undefined) {
    process.fuse = undefined;
    if (process.paused) stage.world.resume(process, 0);
  }
  // Who made room on the disk restarts the controller, as its message says.
  if (disk.refused > 0 || sawDamage(disk)) stage.main.kill();
  stage.main.start();
  restoreAll(stage);
  stage.requests.release('all');
}

/** Lets time pass until everything agrees. A person only does what waits for one by design: held removals, a rival, a pause. */
export async function converge(stage: Stage): Promise<void> {
  const beganMs = stage.world.nowMs;
  const untilMs = beganMs + patienceMs(stage.script.periodHours);
  for (;;) {
    if (disagreement(stage) === undefined) return;
    if (stage.world.nowMs >= untilMs)
      throw new Violation('I9', `no convergence: ${disagreement(stage) ?? ''}`);
    round(stage, stage.world.nowMs - beganMs);
    const nextMs = Math.min(untilMs, stage.world.nowMs + roundMs);
    await stage.world.run(nextMs);
  }
}

/** What cannot be taken back by its node is pushed without a confirmation, as its remedy says. */
function confirmed(stage: Stage): void {
  const isUnsecured = stage.nodes.some((node) =>
    node.rowIds.some((id) => statusOf(stage, id)?.cause === 'unconfirmed'),
  );
  if (isUnsecured)
    stage.ask(stage.main, 'push without a confirmation', (controller) =>
      controller.push({
        nodes: undefined,
        takeOver: false,
        confirmSeconds: 0,
        actor: { who: 'person', reason: 'the simulator' },
      }),
    );
}

function round(stage: Stage, calmMs: number): void {
  takeTerm(stage);
  const { engine } = stage.main;
  if (engine === undefined) return;
  // What is still withheld after the registries were read again is for a person to let go.
  if (calmMs > approveAfterMs && engine.parts.registry.current().sourceState === 'fresh') approveAll(stage);
  for (const scope of heldScopes(stage)) resume(stage, scope.includes('@') ? scope : undefined);
  correctDrift(stage);
  confirmed(stage);
  // A revision that was stopped while something was still broken is let go once all works.
  if (calmMs > approveAfterMs) letGo(stage);
}
