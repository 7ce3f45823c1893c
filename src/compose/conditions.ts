import type { ControllerStatus } from '../contract/report.ts';
import type { Condition, ConditionKey } from '../notify/alert.ts';

/** What of the controller itself people are told, from its status. */
export const conditions: Readonly<Record<ConditionKey, (status: ControllerStatus) => Condition>> = {
  rival: ({ standing, standingReason }) => ({
    active: standing === 'rival',
    summary: 'another controller writes to the nodes, and this one stands back',
    remedy: 'syncctl term take --reason "…"',
    evidence: standingReason,
  }),
  term_unavailable: ({ standing, standingReason }) => ({
    active: standing === 'no-term' || standing === 'reasserting',
    summary: 'no new term can begin, so nothing new is pushed',
    remedy: 'syncctl doctor',
    evidence: standingReason,
  }),
  source_unreadable: ({ source, sources = [] }) => ({
    active: [source, ...sources].some(({ state }) => state !== 'fresh'),
    summary: 'the registries cannot be read; what was last good stays in force',
    remedy: 'syncctl doctor',
    evidence: source.reason ?? '',
  }),
  store_unusable: ({ store }) => ({
    active: store !== null && store !== undefined,
    summary: 'durable.db cannot be used: no pause, freeze, approval or token can be made or ended',
    remedy: store?.remedy,
    evidence: store?.reason,
  }),
  rollout_stopped: ({ rollout }) => ({
    active: rollout?.phase === 'held' || rollout?.phase === 'rollback-failed',
    summary: 'a rollout has stopped, and some nodes keep what it brought',
    remedy: 'syncctl rollout show',
    evidence: rollout?.note,
  }),
  rollout_rolled_back: ({ rollout }) => ({
    active: rollout?.phase === 'rolling-back' || rollout?.phase === 'rolled-back',
    summary: 'a rollout has stopped, and its revision was taken back',
    remedy: 'syncctl rollout show',
    evidence: rollout?.note,
  }),
  removals_held: ({ held }) => ({
    active: held.length > 0,
    summary: `removals are withheld until somebody approves them (${String(held.length)})`,
    remedy: `syncctl approve ${held[0]?.hash ?? '<hash>'}`,
    evidence: held[0]?.reason,
  }),
};
