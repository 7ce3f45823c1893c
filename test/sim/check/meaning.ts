import type { Unit } from '../controller/unit.ts';
import { Violation } from '../kernel/world.ts';
import { internalName } from '../person/truth.ts';
import type { Stage } from '../stage.ts';

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
