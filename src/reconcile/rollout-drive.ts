import type { LanePolicy, RolloutRecord } from '../model/rollout.ts';
import { isoSeconds } from '../lib/clock.ts';
import { isPinned, stopRecord, widen } from '../plan/rollout-record.ts';
import { byLane, lanePolicy } from '../plan/rollout-lanes.ts';
import { nextStep, type Step } from '../plan/rollout-step.ts';
import type { RolloutHands, RolloutParts } from './rollout-ports.ts';
import { Soak } from './rollout-soak.ts';
import type { RolloutView } from './rollout-view.ts';

export interface DriveParts {
  readonly parts: RolloutParts;
  readonly hands: () => RolloutHands | undefined;
  /** Keeps a record on disk, then puts it in force. */
  readonly put: (record: RolloutRecord) => Promise<void>;
  readonly onSoaked: () => void;
}

/** Moves a rollout on, one turn after the other, each on disk before it counts. */
export class RolloutDrive {
  private readonly own: DriveParts;
  private readonly soak: Soak;

  constructor(own: DriveParts) {
    this.own = own;
    this.soak = new Soak(own.parts.clock, own.onSoaked);
  }

  /** Another rollout: what was watched is no more. */
  reset(): void {
    this.soak.reset();
  }

  /** True while a verified batch is watched. */
  isSoaking(): boolean {
    return this.soak.isRunning();
  }

  /** Takes one turn. @returns false where there is nothing to do until something happens. */
  async turn(view: RolloutView): Promise<boolean> {
    const { record } = view;
    if (isPinned(record)) return this.takeBack(view);
    if (record.phase !== 'running') return false;
    const step = nextStep(view.standpoint());
    switch (step.kind) {
      case 'wait':
        return false;
      case 'stop':
        return this.stop(view, step);
      case 'widen': {
        view.widened += 1;
        await this.own.put(widen(record, step.lane));
        return true;
      }
      case 'next':
      case 'done':
        if (record.released > 0 && this.mustSoak(view)) return false;
        this.soak.reset();
        return step.kind === 'done' ? this.end(record) : this.release(view);
    }
  }

  private async stop(view: RolloutView, step: Step & { kind: 'stop' }): Promise<boolean> {
    const why = `${step.why}: ${view.evidenceOf(step.nodes)}`;
    const { record, good } = view;
    const how = { why, who: 'sync-controller', onFailure: record.policy.onFailure, now: this.now() };
    await this.own.put(stopRecord(record, good, how));
    return true;
  }

  private async end(record: RolloutRecord): Promise<boolean> {
    await this.own.put({ ...record, phase: 'done', since: this.now(), note: '' });
    return false;
  }

  private async release(view: RolloutView): Promise<boolean> {
    const { record } = view;
    const batch = record.batches[record.released] ?? [];
    view.startBatch(batch.filter((id) => this.own.hands()?.isAway(id) === true));
    await this.own.put({ ...record, released: record.released + 1 });
    this.own.parts.log.info('the next batch of the rollout', {
      batch: record.released + 1,
      nodes: batch.length,
    });
    return true;
  }

  /** A verified batch is watched for a while, and looked at once more. */
  private mustSoak(view: RolloutView): boolean {
    const hands = this.own.hands();
    const { policy, batches, released } = view.record;
    const lanes = byLane(batches[released - 1] ?? [], policy).keys();
    const ms = [...lanes].map((lane) => lanePolicy<LanePolicy>(lane, policy).soakMs);
    const state = this.soak.pass(Math.max(0, ...ms), hands?.signal);
    if (state !== 'look') return state === 'running';
    const again = view.forgetVerified();
    hands?.look(again);
    return again.length > 0;
  }

  /** Follows the nodes on their way back to the last good plan. */
  private async takeBack(view: RolloutView): Promise<boolean> {
    const phase = view.phaseOfReturn();
    if (phase === undefined || phase === view.record.phase) return false;
    const { notTakenBack: _before, ...record } = view.record;
    const failed = view.notTakenBack();
    const left = failed.length === 0 ? {} : { notTakenBack: view.evidenceOf(failed) };
    await this.own.put({ ...record, ...left, phase, since: this.now() });
    return false;
  }

  private now(): string {
    return isoSeconds(this.own.parts.clock.now());
  }
}
