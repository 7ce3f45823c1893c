import type { NodeId } from '../model/node.ts';
import type { ControllerParts } from './parts.ts';
import { watchSilence } from './silence.ts';

type Parts = Pick<ControllerParts, 'fleet' | 'loop' | 'clock' | 'presence' | 'status' | 'visits'>;

/** Takes the visits of nodes that come themselves until the signal fires: their return queues them, and their silence is looked at. */
export async function receiveNodes(
  { fleet, loop, clock, presence, status, visits }: Parts,
  // One that is registered no more has come back: what it still holds may be withdrawn.
  { silentMs, onGone }: { readonly silentMs: number; readonly onGone: () => void },
  signal: AbortSignal,
): Promise<void> {
  if (visits === undefined) return;
  visits.serve((id, { awaited, delayMs }) => {
    // It may have been looked for the other way until its row said that it comes itself.
    presence.forget(id);
    const urgency = awaited || status.get(id)?.state !== 'active' ? 'change' : 'look';
    if (fleet.planOf(id) === undefined) onGone();
    else if (delayMs > 0) loop.queue.addLater(id, urgency, delayMs);
    else loop.queue.add(id, urgency);
  });
  const ids = (): readonly NodeId[] =>
    [...(fleet.current()?.nodes.values() ?? [])].filter(({ node }) => node.pull === true).map(({ id }) => id);
  const onSilent = (id: NodeId): void => {
    loop.queue.add(id, 'look');
  };
  await watchSilence({ visits, ids, clock, silentMs, onSilent }, signal);
}
