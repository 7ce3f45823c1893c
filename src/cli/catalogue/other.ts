import type { Entry } from './entry.ts';

/** The predecessor's spellings, and what is about syncctl itself. */
export const otherCommands: readonly Entry[] = [
  {
    path: ['register'],
    group: 'predecessor',
    summary: 'register a node: <type> <ip> [name] [user] [port]',
    load: () => import('../commands/register.ts'),
  },
  {
    path: ['version'],
    group: 'other',
    summary: 'the version of syncctl and of its runtime',
    load: () => import('../commands/version.ts'),
  },
  {
    path: ['completion'],
    group: 'other',
    summary: 'a completion script for bash, zsh or fish',
    load: () => import('../commands/completion.ts'),
  },
  {
    path: ['__complete'],
    group: 'other',
    summary: 'words for a completion script',
    hidden: true,
    load: () => import('../commands/complete.ts'),
  },
];
