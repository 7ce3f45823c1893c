import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '../model/node.ts';
import { dedicatedKeys } from '../transport/endpoint.ts';
import type { Call } from './call.ts';

/**
 * Puts our public key on a node that refuses it, by ssh-copy-id: with the admin's own key or agent, or with a password that it asks for
 * on this terminal. Only the host key that was just agreed to is accepted. @returns false where it could not.
 */
export async function grantKey(call: Call, node: Node): Promise<boolean> {
  const { context } = call;
  const settings = await call.settings();
  const named = settings.ssh.identity.length > 0 ? settings.ssh.identity : dedicatedKeys(context);
  const key = named.find((path) => existsSync(path) && existsSync(`${path}.pub`));
  if (key === undefined || settings.ssh.jump !== undefined) return false;
  call.note('info', `${node.name} refuses our key; ssh-copy-id puts it there`);
  const folder = await mkdtemp(join(tmpdir(), 'syncctl-'));
  try {
    const port = node.sshPort ?? settings.ssh.port;
    const known = join(folder, 'known_hosts');
    const host = port === 22 ? node.address : `[${node.address}]:${String(port)}`;
    await writeFile(known, node.hostKeys.map((pin) => `${host} ${pin.key}\n`).join(''), { mode: 0o600 });
    const options = {
      StrictHostKeyChecking: 'yes',
      UserKnownHostsFile: known,
      GlobalKnownHostsFile: '/dev/null',
      ConnectTimeout: '10',
      // Without a terminal nobody can type a password.
      ...(context.ask === undefined ? { BatchMode: 'yes' } : {}),
    };
    const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const login = `${node.sshUser}@${node.address}`;
    const args = ['-i', `${key}.pub`, '-p', String(port), ...words, login];
    // What it says is talk, and our stdout is data; a password is asked for on the terminal itself.
    const quiet = ['-c', 'exec ssh-copy-id "$@" >/dev/null', 'ssh-copy-id', ...args];
    return (await context.attach('/bin/sh', quiet, context.signal)) === 0;
  } catch {
    // No ssh-copy-id here: the refusal that led to this says what to do by hand.
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
