import type { Entry } from './entry.ts';

/** Sealed values of the registries. */
export const secretCommands: readonly Entry[] = [
  {
    path: ['secret', 'keygen'],
    group: 'registries',
    summary: 'a new identity that opens sealed values, in a file of its own',
    load: () => import('../commands/secret-keygen.ts'),
  },
  {
    path: ['secret', 'encrypt'],
    group: 'registries',
    summary: 'seal what comes on standard input, for any string of a registry',
    load: () => import('../commands/secret-encrypt.ts'),
  },
  {
    path: ['secret', 'decrypt'],
    group: 'registries',
    summary: 'open a sealed value that comes on standard input',
    load: () => import('../commands/secret-decrypt.ts'),
  },
  {
    path: ['secret', 'rotate'],
    group: 'registries',
    summary: 'seal every sealed value of the registries anew',
    load: () => import('../commands/secret-rotate.ts'),
  },
  {
    path: ['secret', 'check'],
    group: 'registries',
    summary: 'where the registries hold sealed values, and whether they open',
    load: () => import('../commands/secret-check.ts'),
  },
];
