import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { hostKeySet } from './keys.ts';
import type { SshKey } from './keys.ts';
import { defaultHosts, optionLines, sshdConfig } from './layout.ts';
import { descendants, pidFileOf, signal, statusOf } from './machine.ts';
import type { Machine } from './machine.ts';
import { runProgram, until } from './process.ts';
import { CLEAN_ENV } from './site.ts';
import type { CommandResult, NodeSpec, RunOptions, SshdOptions } from './types.ts';
import { writeHostKeys } from './verbs-sshd.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('fleet: no free port on 127.0.0.1');
  return address.port;
}

/** A node without any namespace: an sshd of the test's own user, and a folder that stands for its root. */
export class LoopbackMachine implements Machine {
  readonly name: string;
  /** Without root there is nobody else to log in as, so a spec's user is not taken. */
  readonly user = userInfo().username;
  readonly rootDir: string;
  readonly sshdDir: string;
  readonly authorizedKeys = ['home/.ssh/authorized_keys'];
  readonly bootId = randomUUID();
  hostKeys: readonly SshKey[] = [];
  port = 0;
  readonly #index: number;
  #server: ChildProcess | undefined;

  constructor(folder: string, index: number, spec: NodeSpec) {
    this.name = spec.name ?? `node-${String(index + 1)}`;
    this.rootDir = join(folder, 'root');
    this.sshdDir = join(folder, 'ssh');
    this.#index = index;
  }

  async install(spec: NodeSpec, publicKey: string, sshdOptions: SshdOptions): Promise<void> {
    const at = (path: string): string => join(this.rootDir, path);
    for (const path of ['etc', 'run', 'tmp', 'var/log', 'home/.ssh'])
      await mkdir(at(path), { recursive: true });
    await mkdir(join(this.sshdDir, 'sshd_config.d'), { recursive: true });
    this.port = await freePort();
    this.hostKeys = await hostKeySet(`root@${this.name}`, this.#index);
    await writeHostKeys(this.sshdDir, this.hostKeys);
    await writeFile(at('etc/hostname'), `${this.name}\n`);
    await writeFile(at('etc/hosts'), spec.hosts ?? defaultHosts(this.name));
    await writeFile(at('home/.ssh/authorized_keys'), `${publicKey}\n`);
    const login = join(import.meta.dirname, 'loopback-login.sh');
    const config = sshdConfig(this.sshdDir, at('run/sshd.pid'), {
      ...{ ListenAddress: '127.0.0.1', Port: String(this.port), StrictModes: 'no', PermitRootLogin: 'yes' },
      AuthorizedKeysFile: at('home/.ssh/authorized_keys'),
      ForceCommand: `/bin/sh '${login}' '${this.rootDir}'`,
    });
    await writeFile(join(this.sshdDir, 'sshd_config'), config);
    await writeFile(join(this.sshdDir, 'sshd_config.d/20-fleet.conf'), optionLines(sshdOptions));
  }

  listener(): number | undefined {
    const pid = pidFileOf(this);
    return pid !== undefined && statusOf(pid, 'Name') === 'sshd' ? pid : undefined;
  }

  processes(): readonly number[] {
    const listener = this.listener();
    return listener === undefined ? [] : [listener, ...descendants(listener)];
  }

  async launchSshd(): Promise<void> {
    const log = join(this.rootDir, 'var/log/sshd.log');
    const sshd = ['/usr/sbin/sshd', '-D', '-f', join(this.sshdDir, 'sshd_config'), '-E', log];
    // The kernel ends the server with this process, also when this process is killed.
    const server = spawn('setpriv', ['--pdeathsig', 'TERM', ...sshd], { env: CLEAN_ENV, stdio: 'ignore' });
    this.#server = server;
    await until(
      `sshd of ${this.name} listens`,
      () => pidFileOf(this) !== undefined || server.exitCode !== null,
    );
    if (server.exitCode !== null) {
      throw new Error(
        `fleet: sshd of ${this.name} ended at once: ${await readFile(log, 'utf8').catch(() => 'no log')}`,
      );
    }
  }

  /** Ends the server and every session of it. */
  async end(): Promise<void> {
    const server = this.#server;
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const exit = new Promise((resolve) => server.once('exit', resolve));
    for (const pid of this.processes()) signal(pid, 'SIGKILL');
    server.kill('SIGKILL');
    await exit;
  }

  exec(argv: readonly string[], { stdin = '' }: RunOptions = {}): Promise<CommandResult> {
    const home = join(this.rootDir, 'home');
    return runProgram(argv, {
      stdin,
      cwd: home,
      env: { ...CLEAN_ENV, HOME: home, FLEET_ROOT: this.rootDir },
    });
  }
}
