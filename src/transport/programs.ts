import type { RemoteProgram } from './transport.ts';

/** Where the link to the receiver stands on every node. */
export const receiverPath = '/usr/local/lib/sync-controller/receive';

const asRoot: Record<RemoteProgram, string> = { receive: receiverPath, install: 'bash -s' };

/** The constant exec string of a program: nothing from a registry is ever part of it. */
export function commandFor(program: RemoteProgram, user: string): string {
  return user === 'root' ? asRoot[program] : `sudo -n ${asRoot[program]}`;
}
