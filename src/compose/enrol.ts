import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import type { InstallFlag } from '../enrol/install-wire.ts';
import { installReceiver, type Installed } from '../enrol/install.ts';
import type { Admin } from '../enrol/restriction.ts';
import { knownKeys, scannedKeys, type FoundKeys } from '../enrol/trust.ts';
import type { TakeoverPort } from '../enrol/takeover/node-port.ts';
import type { Node } from '../model/node.ts';
import { nodeTypes } from '../plan/node-types/index.ts';
import { Restriction } from './restriction.ts';
import { takeoverPort } from './takeover.ts';
import { accountOfProcess, knownHostsFiles, openSsh } from './way.ts';

const scanMs = 10_000;

/** What `node add`, `node trust`, `node rotate-key` and `node remove --uninstall` need of the way to nodes. */
export interface Enrolment {
  keysOf(
    node: Pick<Node, 'address' | 'sshPort'>,
    from: 'known_hosts' | 'scan',
    signal: AbortSignal,
  ): Promise<FoundKeys>;
  install(
    node: Node,
    how: { readonly flags: readonly InstallFlag[]; readonly admin: Admin },
    signal: AbortSignal,
  ): Promise<Installed>;
  readonly restriction: Restriction;
  readonly takeover: TakeoverPort;
  close(): Promise<void>;
}

/** Opens the way to nodes for enrolment; nothing is pinned or written into a registry here. */
export async function openEnrol(settings: Settings): Promise<Enrolment> {
  const transport = await openSsh(settings, systemClock);
  const account = accountOfProcess();
  const own = knownHostsFiles(settings, account);
  const restriction = new Restriction(settings, transport);
  // The predecessor ran as root and took every key unseen.
  const legacy = [join('/root', '.ssh', 'known_hosts')].filter((file) => !own.includes(file));
  return {
    keysOf: async (node, from, signal) => {
      const port = node.sshPort ?? settings.ssh.port;
      if (from === 'known_hosts') return knownKeys({ address: node.address, port }, { own, legacy }, signal);
      return scannedKeys(transport, { host: node.address, port }, scanMs);
    },
    install: async (node, { flags, admin }, signal) => {
      const endpoint = await restriction.adminWay(node, admin);
      const kinds = [nodeTypes[node.type].kind];
      return installReceiver({ transport, endpoint, kinds, flags, login: node.sshUser }, signal);
    },
    restriction,
    takeover: takeoverPort(settings, transport),
    close: () => transport.close(),
  };
}
