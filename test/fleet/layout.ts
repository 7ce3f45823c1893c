import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SshdOptions } from './types.ts';
import { sudoRules } from './verbs-sudo.ts';

/** Id of the login user and of its group on every node. */
const LOGIN_ID = 1000;

/** Who may log in, and with which key. */
export interface Login {
  readonly user: string;
  readonly shell: string;
  readonly publicKey: string;
}

interface Entry {
  readonly mode?: number;
  readonly owner?: number;
}

async function put(file: string, text: string, { mode = 0o644, owner = 0 }: Entry = {}): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
  await chmod(file, mode);
  if (owner !== 0) await chown(file, owner, owner);
}

async function folder(path: string, { mode = 0o755, owner = 0 }: Entry = {}): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
  if (owner !== 0) await chown(path, owner, owner);
}

/** The system accounts of this machine without its people, so that no real login is possible on a node. */
function systemLines(file: string): readonly string[] {
  const isSystem = (id: number): boolean => id > 0 && (id < LOGIN_ID || id === 65_534);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => isSystem(Number(line.split(':')[2])));
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

async function writeHome(layer: string, home: string, publicKey: string, owner: number): Promise<void> {
  await folder(join(layer, home), { mode: owner === 0 ? 0o700 : 0o755, owner });
  await folder(join(layer, home, '.ssh'), { mode: 0o700, owner });
  await put(join(layer, home, '.ssh/authorized_keys'), `${publicKey}\n`, { mode: 0o600, owner });
}

/** Accounts, homes and sudo rules of a node, written into one layer of its root. */
export async function writeLogin(layer: string, { user, shell, publicKey }: Login): Promise<void> {
  const people =
    user === 'root' ? [] : [`${user}:x:${String(LOGIN_ID)}:${String(LOGIN_ID)}::/home/${user}:${shell}`];
  const passwd = ['root:x:0:0:root:/root:/bin/bash', ...systemLines('/etc/passwd'), ...people];
  const groups = user === 'root' ? [] : [`${user}:x:${String(LOGIN_ID)}:`];
  // `*` refuses every password; `!` would lock the account for keys too.
  const shadow = passwd.map((line) => `${String(line.split(':')[0])}:*:19000:0:99999:7:::`);
  await put(join(layer, 'etc/passwd'), lines(...passwd));
  await put(join(layer, 'etc/group'), lines('root:x:0:', ...systemLines('/etc/group'), ...groups));
  await put(join(layer, 'etc/shadow'), lines(...shadow), { mode: 0o640 });
  await put(join(layer, 'etc/sudoers.d/fleet'), sudoRules(user), { mode: 0o440 });
  await writeHome(layer, 'root', publicKey, 0);
  if (user !== 'root') await writeHome(layer, join('home', user), publicKey, LOGIN_ID);
}

/** What every node of a fleet has in common, in the layer below the nodes' own. */
export async function writeTemplate(layer: string, login: Login, sshdOptions: SshdOptions): Promise<void> {
  await writeLogin(layer, login);
  await folder(join(layer, 'mnt'));
  await folder(join(layer, 'tmp'), { mode: 0o1777 });
  await folder(join(layer, 'var/tmp'), { mode: 0o1777 });
  const port = { Port: '22', UsePAM: 'no', PermitRootLogin: 'prohibit-password' };
  await put(join(layer, 'etc/ssh/sshd_config'), sshdConfig('/etc/ssh', '/run/sshd.pid', port));
  await put(join(layer, 'etc/ssh/sshd_config.d/20-fleet.conf'), optionLines(sshdOptions));
}

/** `name value` lines. */
export function optionLines(options: SshdOptions): string {
  return lines(...Object.entries(options).map(([name, value]) => `${name} ${value}`));
}

/** A server configuration that is Debian's default as far as a controller can tell. */
export function sshdConfig(sshdDir: string, pidFile: string, options: SshdOptions): string {
  return (
    lines(`Include ${sshdDir}/sshd_config.d/*.conf`) +
    lines(...['ed25519', 'ecdsa', 'rsa'].map((type) => `HostKey ${sshdDir}/ssh_host_${type}_key`)) +
    optionLines({
      ...{ PidFile: pidFile, PasswordAuthentication: 'no', KbdInteractiveAuthentication: 'no' },
      ...{ UseDNS: 'no', PrintMotd: 'no', LogLevel: 'VERBOSE', Subsystem: 'sftp internal-sftp' },
      ...options,
    })
  );
}

/** /etc/hosts as Debian's installer leaves it. */
export function defaultHosts(name: string): string {
  return lines(
    ...['127.0.0.1\tlocalhost', `127.0.1.1\t${name}`, ''],
    ...['::1\tlocalhost ip6-localhost ip6-loopback', 'ff02::1\tip6-allnodes', 'ff02::2\tip6-allrouters'],
  );
}

/** The mounts of one node, in order, for one call of mount(8). */
export function fstab(site: string, node: string, name: string): string {
  const root = `${node}/root`;
  const layers = `lowerdir=${site}/template:${site}/base:/,upperdir=${node}/upper,workdir=${node}/work`;
  return lines(
    `${name} ${root} overlay ${layers} 0 0`,
    `proc ${root}/proc proc nosuid,nodev,noexec 0 0`,
    `sysfs ${root}/sys sysfs ro,nosuid,nodev,noexec 0 0`,
    `${site}/dev ${root}/dev none bind 0 0`,
    `devpts ${root}/dev/pts devpts newinstance,mode=620,ptmxmode=666,gid=5 0 0`,
    `shm ${root}/dev/shm tmpfs mode=1777 0 0`,
    `run ${root}/run tmpfs mode=755 0 0`,
    `${node}/boot_id ${root}/proc/sys/kernel/random/boot_id none bind 0 0`,
  );
}
