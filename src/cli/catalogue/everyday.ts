import type { Entry } from './entry.ts';

/** Commands of every day. */
export const everydayCommands: readonly Entry[] = [
  {
    path: ['health'],
    group: 'everyday',
    summary: 'every node and its state',
    load: () => import('../commands/health.ts'),
  },
  {
    path: ['status'],
    group: 'everyday',
    summary: 'the controller: term, source, queue, what is held',
    load: () => import('../commands/status.ts'),
  },
  {
    path: ['push'],
    group: 'everyday',
    summary: 'bring nodes to what the registries say, and verify it',
    load: () => import('../commands/push.ts'),
  },
  {
    path: ['plan'],
    group: 'everyday',
    summary: 'what a push would change; writes nothing',
    load: () => import('../commands/plan.ts'),
  },
  {
    path: ['render'],
    group: 'everyday',
    summary: 'the exact bytes a node should hold',
    load: () => import('../commands/render.ts'),
  },
  {
    path: ['validate'],
    group: 'everyday',
    summary: 'every finding in the registries, with its path',
    load: () => import('../commands/validate.ts'),
  },
  {
    path: ['doctor'],
    group: 'everyday',
    summary: 'look for what is wrong, and name the command that mends it',
    load: () => import('../commands/doctor.ts'),
  },
  {
    path: ['logs'],
    group: 'everyday',
    summary: 'the log of the daemon',
    load: () => import('../commands/logs.ts'),
  },
];
