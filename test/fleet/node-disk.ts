import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshKey } from './keys.ts';
import { defaultHosts, fstab, writeLogin } from './layout.ts';
import type { Login } from './layout.ts';
import type { NodeSpec } from './types.ts';
import { writeHostKeys } from './verbs-sshd.ts';

/** What only this node has, and what node.sh must know to start it. */
export interface NodeDisk {
  readonly name: string;
  /** The fleet's storage as its namespaces see it, and the node's index there. */
  readonly site: string;
  readonly index: number;
  readonly hostKeys: readonly SshKey[];
  readonly wire: {
    readonly mac: string;
    readonly address: string;
    readonly address6: string;
    /** The host as `ip neigh` takes it, where the node need not ask for it. */
    readonly host?: string;
  };
}

/** Writes a node's own layer and its start-up files into its folder, seen from this host. */
export async function writeDisk(folder: string, disk: NodeDisk, spec: NodeSpec, login: Login): Promise<void> {
  const upper = join(folder, 'upper');
  for (const name of ['upper/etc', 'work', 'root']) await mkdir(join(folder, name), { recursive: true });
  if (spec.user !== undefined || spec.shell !== undefined) await writeLogin(upper, login);
  await writeHostKeys(join(upper, 'etc/ssh'), disk.hostKeys);
  await writeFile(join(upper, 'etc/hostname'), `${disk.name}\n`);
  await writeFile(join(upper, 'etc/hosts'), spec.hosts ?? defaultHosts(disk.name));
  await writeFile(join(upper, 'etc/machine-id'), `${randomUUID().replaceAll('-', '')}\n`);
  await writeFile(
    join(folder, 'fstab'),
    fstab(disk.site, `${disk.site}/nodes/${String(disk.index)}`, disk.name),
  );
  const { mac, address, address6, host = '' } = disk.wire;
  await writeFile(
    join(folder, 'spec'),
    `name=${disk.name} mac=${mac} address=${address}/22 address6=${address6}/64 host='${host}'\n`,
  );
}

/** What Debian's boot does to temporary folders. */
export async function emptyTemporary(folder: string): Promise<void> {
  for (const name of ['tmp', 'var/tmp'])
    await rm(join(folder, 'upper', name), { recursive: true, force: true });
}
