import type { Entry } from './entry.ts';

/** Setting up, and taking over from the predecessor. */
export const setupCommands: readonly Entry[] = [
  {
    path: ['init'],
    group: 'control',
    summary: 'set this machine up: settings, key, registries, unit',
    load: () => import('../commands/init.ts'),
  },
  {
    path: ['adopt'],
    group: 'control',
    summary: 'take a cluster over from the predecessor, plan first',
    load: () => import('../commands/adopt.ts'),
  },
];
