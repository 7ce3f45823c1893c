import type { Entry } from './entry.ts';

/** How a change reaches the fleet: rollouts, freezes and drift. */
export const rolloutCommands: readonly Entry[] = [
  {
    path: ['rollout', 'show'],
    group: 'control',
    summary: 'the rollout that runs or has stopped, batch by batch',
    load: () => import('../commands/rollout-show.ts'),
  },
  {
    path: ['rollout', 'pause'],
    group: 'control',
    summary: 'let no further batch in',
    load: () => import('../commands/rollout-pause.ts'),
  },
  {
    path: ['rollout', 'resume'],
    group: 'control',
    summary: 'go on with a paused rollout',
    load: () => import('../commands/rollout-resume.ts'),
  },
  {
    path: ['rollout', 'abort'],
    group: 'control',
    summary: 'stop a rollout and take its revision back',
    load: () => import('../commands/rollout-abort.ts'),
  },
  {
    path: ['unpin'],
    group: 'control',
    summary: 'let a revision that was taken back be pushed again',
    load: () => import('../commands/unpin.ts'),
  },
  {
    path: ['freeze'],
    group: 'control',
    summary: 'stop pushing until a time: to nodes, a type or all',
    load: () => import('../commands/freeze.ts'),
  },
  {
    path: ['unfreeze'],
    group: 'control',
    summary: 'end a freeze before its time',
    load: () => import('../commands/unfreeze.ts'),
  },
  {
    path: ['drift'],
    group: 'control',
    summary: 'repair, report or leave what somebody else changed on a node',
    load: () => import('../commands/drift.ts'),
  },
];
