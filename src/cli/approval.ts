import type { HeldRemoval } from '../model/plan.ts';
import type { Call } from './call.ts';

const patienceMs = 15_000;
const lookMs = 100;

/**
 * Lets go what the guard holds because of a change that was just confirmed. The controller has to see the change first:
 * a daemon within its poll at the latest.
 */
export async function carryApproval(call: Call, held: readonly HeldRemoval[]): Promise<void> {
  const { clock } = call.context;
  const controller = await call.controller();
  const waiting = new Set(held.map(({ hash }) => hash));
  const until = clock.monotonic() + patienceMs;
  while (waiting.size > 0 && clock.monotonic() < until) {
    const seen = (await controller.status()).held.map(({ hash }) => hash).filter((hash) => waiting.has(hash));
    for (const hash of seen) {
      await controller.approve(hash, call.actor(call.text('reason')));
      waiting.delete(hash);
    }
    if (waiting.size > 0) await clock.sleep(lookMs);
  }
  for (const hash of waiting)
    call.note(
      'warn',
      `The controller has not seen the change yet; once it holds it, let it go with: syncctl approve ${hash}`,
    );
}
