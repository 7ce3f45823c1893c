import type { ControllerParts } from './parts.ts';
import { placeOf, seenRevision } from './history.ts';

type FilingParts = Pick<ControllerParts, 'history' | 'registry' | 'fleet' | 'clock' | 'source' | 'decisions'>;

/** Files what is in force, with the texts it was read from; a last good state was filed when it was read. */
export function fileInForce(
  { history, registry, fleet, clock, source, decisions }: FilingParts,
  letGo: readonly string[],
): void {
  const [effective, { objects = new Map() }] = [fleet.effective(), registry.current()];
  const shares = registry.shares?.();
  const isRead = (shares ?? [registry.current()]).some((one) => one.objects !== undefined);
  if (history === undefined || effective === undefined || !isRead) return;
  const read = { objects, shares, plan: fleet.current(), source: placeOf(source), atMs: clock.now() };
  const approvals = letGo.flatMap((hash) => decisions.approverOf(hash) ?? []);
  history.revision(seenRevision(effective, { ...read, approvals }));
}
