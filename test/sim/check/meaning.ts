import type { Unit } from '../controller/unit.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode } from '../node/node.ts';
import { internalName } from '../person/truth.ts';
import type { Stage } from '../stage.ts';
import { statusOf } from './agreement.ts';

/** What a controller withholds or has lost must be what a person took away: an unreadable source takes nothing away. */
export function mustBeMeant(stage: Stage, { engine, name }: Unit): void {
  if (engine === undefined) return;
  const { fleet } = engine.parts;
  for (const id of fleet.orphans().keys())
    if (!stage.rowsGone.has(id))
      throw new Violation('I6', `${name} thinks that the row of ${id} is gone, and nobody took it out`);
  for (const { kind, names } of fleet.current()?.held ?? []) {
    if (kind !== 'service') continue;
    const kept = names.find((service) =>
      stage.truth.revisions.every((each) => each.internal.has(internalName(service))),
    );
    if (kept !== undefined)
      throw new Violation('I6', `${name} thinks that ${kept} was removed, and nobody removed it`);
  }
}

/** Bytes that a node takes back were never confirmed: a controller that is there to hear of it must not have called them active. */
export function mustBeDoubted(stage: Stage, node: SimNode): void {
  if (stage.units.length > 1 || stage.main.process?.paused === true) return;
  for (const id of node.rowIds) {
    const { state, hint, installed } = statusOf(stage, id) ?? {};
    if (state === 'active' && hint === false && installed !== node.truth.sha)
      throw new Violation('I3', `${id} is active, and the node takes back what nobody confirmed`);
  }
}
