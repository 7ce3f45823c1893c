import type { Entry } from './entry.ts';

/** The nodes of the registry. */
export const nodeCommands: readonly Entry[] = [
  {
    path: ['node', 'list'],
    group: 'registries',
    summary: 'all nodes',
    load: () => import('../commands/node-list.ts'),
  },
  {
    path: ['node', 'show'],
    group: 'registries',
    summary: 'all that is known of one node',
    load: () => import('../commands/node-show.ts'),
  },
  {
    path: ['node', 'add'],
    group: 'registries',
    summary: 'register a node, trust it, install the receiver, prove it by a push',
    load: () => import('../commands/node-add.ts'),
  },
  {
    path: ['node', 'remove'],
    group: 'registries',
    summary: 'withdraw what we installed on a node and forget it',
    load: () => import('../commands/node-remove.ts'),
  },
  {
    path: ['node', 'restore'],
    group: 'registries',
    summary: 'write back the row of a node that vanished by an edit',
    load: () => import('../commands/node-restore.ts'),
  },
  {
    path: ['node', 'trust'],
    group: 'registries',
    summary: 'pin the host keys of nodes',
    load: () => import('../commands/node-trust.ts'),
  },
  {
    path: ['node', 'rotate-key'],
    group: 'registries',
    summary: 'give restricted nodes a new key of ours and end the old one',
    load: () => import('../commands/node-rotate-key.ts'),
  },
  {
    path: ['node', 'rotate-token'],
    group: 'registries',
    summary: 'give a node that fetches its configuration a new token',
    load: () => import('../commands/node-rotate-token.ts'),
  },
  {
    path: ['node', 'stats'],
    group: 'registries',
    summary: 'how many nodes of each type',
    load: () => import('../commands/node-stats.ts'),
  },
];
