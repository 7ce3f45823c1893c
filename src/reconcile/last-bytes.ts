import { messageOf } from '../lib/errors.ts';
import type { FleetPlan } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { planFleet } from '../plan/plan-fleet.ts';
import { contentOf } from '../plan/rollout-content.ts';
import { bytesOf, withBytes, type KeptBytes } from './rendered-file.ts';
import type { RolloutParts } from './rollout-ports.ts';

/** The bytes of the last good revision as the nodes have them, whatever release made them. */
export class LastBytes {
  private readonly parts: RolloutParts;
  private kept: Promise<KeptBytes | undefined> | undefined;
  private content: string | undefined;

  constructor(parts: RolloutParts) {
    this.parts = parts;
  }

  /** The plan of a snapshot: with the bytes of then where they are known, else as the code of today makes them. */
  async planOf(snapshot: Snapshot, clusterId: string): Promise<() => FleetPlan> {
    this.kept ??= this.parts.bytes?.load().catch(() => undefined) ?? Promise.resolve(undefined);
    const kept = await this.kept;
    let plan: FleetPlan | undefined;
    return () => (plan ??= withBytes(planFleet(snapshot, clusterId, []), kept));
  }

  /** What every node has, or is to have, from now on; nobody waits for it. */
  keep(plan: FleetPlan): void {
    const { bytes } = this.parts;
    const content = `${plan.snapshotDigest} ${contentOf(plan)}`;
    if (bytes === undefined || this.content === content) return;
    this.content = content;
    const kept = bytesOf(plan);
    this.kept = Promise.resolve(kept);
    this.tell(bytes.save(kept));
  }

  /** No policy asks for them: what is not kept up to date must not be found later. */
  forget(): void {
    if (this.parts.bytes === undefined || this.content === '') return;
    this.content = '';
    this.kept = Promise.resolve(undefined);
    this.tell(this.parts.bytes.drop());
  }

  private tell(work: Promise<void>): void {
    void work.catch((error: unknown) => {
      this.parts.log.warn('the bytes of the last good revision could not be stored', {
        error: messageOf(error),
      });
    });
  }
}
