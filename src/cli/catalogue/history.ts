import type { Entry } from './entry.ts';

/** What was: revisions, pushes, and the way back. */
export const historyCommands: readonly Entry[] = [
  {
    path: ['history'],
    group: 'history',
    summary: 'revisions of the registries: what changed, who did it, how many nodes have it',
    load: () => import('../commands/history.ts'),
  },
  {
    path: ['history', 'show'],
    group: 'history',
    summary: 'one revision: changes, findings, pushes with their phases',
    load: () => import('../commands/history-show.ts'),
  },
  {
    path: ['diff'],
    group: 'history',
    summary: 'what differs between two revisions, entry by entry',
    load: () => import('../commands/diff.ts'),
  },
  {
    path: ['rollback'],
    group: 'history',
    summary: 'write the registries of an earlier revision back',
    load: () => import('../commands/rollback.ts'),
  },
  {
    path: ['blame'],
    group: 'history',
    summary: 'which revision and whose edit put each line on a node',
    load: () => import('../commands/blame.ts'),
  },
  {
    path: ['why'],
    group: 'history',
    summary: 'where a service is live, where not, since when and why',
    load: () => import('../commands/why.ts'),
  },
  {
    path: ['backup'],
    group: 'history',
    summary: 'save the state of the controller into a file',
    load: () => import('../commands/backup.ts'),
  },
  {
    path: ['restore'],
    group: 'history',
    summary: 'bring a saved state back, with the controller stopped',
    load: () => import('../commands/restore.ts'),
  },
  {
    path: ['support-bundle'],
    group: 'history',
    summary: 'all that somebody who helps has to know, without secrets',
    load: () => import('../commands/support-bundle.ts'),
  },
];
