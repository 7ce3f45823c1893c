import type { Entry } from './entry.ts';

/** The controller itself. */
export const controlCommands: readonly Entry[] = [
  {
    path: ['daemon'],
    group: 'control',
    summary: 'watch and reconcile until stopped: what the unit runs',
    load: () => import('../commands/daemon.ts'),
  },
  { path: ['watch'], group: 'control', summary: 'watch alone', load: () => import('../commands/watch.ts') },
  {
    path: ['reconcile'],
    group: 'control',
    summary: 'check and repair every node now; with hours: again and again',
    load: () => import('../commands/reconcile.ts'),
  },
  {
    path: ['approve'],
    group: 'control',
    summary: 'let a withheld removal go',
    load: () => import('../commands/approve.ts'),
  },
  {
    path: ['pause'],
    group: 'control',
    summary: 'stop pushing, to one node or to all',
    load: () => import('../commands/pause.ts'),
  },
  { path: ['resume'], group: 'control', summary: 'end a pause', load: () => import('../commands/resume.ts') },
  {
    path: ['upgrade'],
    group: 'control',
    summary: 'bring the receivers on the nodes to this release',
    load: () => import('../commands/upgrade.ts'),
  },
  {
    path: ['term', 'show'],
    group: 'control',
    summary: 'the term of this controller',
    load: () => import('../commands/term-show.ts'),
  },
  {
    path: ['term', 'take'],
    group: 'control',
    summary: 'begin a new term over a living rival',
    load: () => import('../commands/term-take.ts'),
  },
  {
    path: ['token', 'create'],
    group: 'control',
    summary: 'a name and a role for the API',
    load: () => import('../commands/token-create.ts'),
  },
  {
    path: ['token', 'list'],
    group: 'control',
    summary: 'the tokens, without their secrets',
    load: () => import('../commands/token-list.ts'),
  },
  {
    path: ['token', 'revoke'],
    group: 'control',
    summary: 'end a token at once',
    load: () => import('../commands/token-revoke.ts'),
  },
  {
    path: ['audit'],
    group: 'control',
    summary: 'who did what, and why',
    load: () => import('../commands/audit.ts'),
  },
  {
    path: ['notify', 'test'],
    group: 'control',
    summary: 'a test message to those who are told of incidents',
    load: () => import('../commands/notify-test.ts'),
  },
  {
    path: ['admission', 'manifest'],
    group: 'control',
    summary: 'what makes the API server ask before it saves an edit',
    load: () => import('../commands/admission-manifest.ts'),
  },
];
