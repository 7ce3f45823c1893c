import type { NodeId } from '../model/node.ts';
import type { ControllerParts } from './parts.ts';
import { watchSilence } from './silence.ts';

type Parts = Pick<ControllerParts, 'fleet' | 'loop' | 'clock' | 'visits'>;

/** Takes the visits of nodes that come themselves until the signal fires: their return queues them, and their silence is looked at. */
export async function receiveNodes(
  { fleet, loop, clock, visits }: Parts,
  // One that is registered no more has come back: what it still holds may be withdrawn.
  { silentMs, onGone }: { readonly silentMs: number; readonly onGone: () => void },
  signal: AbortSignal,
): Promise<void> {
  if (visits === undefined) return;
  visits.serve((id, delayMs) => {
    if (fleet.planOf(id) === undefined) onGone();
    else if (delayMs > 0) loop.queue.addLater(id, 'change', delayMs);
    else loop.queue.add(id, 'change');
  });
  const ids = (): readonly NodeId[] =>
    [...(fleet.current()?.nodes.values() ?? [])].filter(({ node }) => node.pull === true).map(({ id }) => id);
  const onSilent = (id: NodeId): void => {
    loop.queue.add(id, 'look');
  };
  await watchSilence({ visits, ids, clock, silentMs, onSilent }, signal);
}
