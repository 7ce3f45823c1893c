import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './rig.ts';

const works = ['systemd-notify --version', 'python3 --version'].every(
  (line) => spawnSync('bash', ['-c', line]).status === 0,
);
const unit = readFileSync(new URL('../../deploy/sync-controller.service', import.meta.url), 'utf8');
const main = new URL(
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
  import.meta.url,
).pathname;

// Node has no unix datagram sockets: this prints every message as one line.
const listener = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(sys.argv[1]);print("bound",flush=True)
while True: print(s.recv(4096).decode().replace("\\n"," "),flush=True)`;

describe.skipIf(!works)(
  'what ExecStart of the unit tells the service manager (skipped without systemd-notify and python3)',
  () => {
    let folder: string;
    const children: ChildProcess[] = [];
    const start = (program: string, words: readonly string[], env: NodeJS.ProcessEnv) => {
      const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const code = new Promise<number | null>((resolve) => child.once('close', resolve));
      return { child, code, said: () => said };
    };

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sync-controller-notify-'));
      for (const name of ['state', 'run', 'etc', 'registry']) mkdirSync(join(folder, name), { mode: 0o700 });
      writeFileSync(
        join(folder, 'etc/config.yaml'),
        `source:\n  kind: directory\n  directory: ${folder}/registry\n`,
      );
    });
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });

    it('is READY, WATCHDOG again and again, RELOADING and READY on SIGHUP, STOPPING on SIGTERM; its lines carry priorities', async () => {
      const heard = start('python3', ['-c', listener, join(folder, 'socket')], process.env);
      await until('the socket is there', () => heard.said().includes('bound'));
      const [, words = ''] = /^ExecStart=\/usr\/bin\/syncctl (.*)$/mu.exec(unit) ?? [];
      const given = Object.fromEntries(
        [...unit.matchAll(/^Environment=([^=]+)=(.*)$/gmu)].map((match) => [match[1], match[2]]),
      );
      const env: NodeJS.ProcessEnv = {
        PATH: process.env['PATH'],
        ...given,
        NOTIFY_SOCKET: join(folder, 'socket'),
        WATCHDOG_USEC: '400000',
        LANG: 'C.UTF-8',
        STATE_DIRECTORY: join(folder, 'state'),
        RUNTIME_DIRECTORY: join(folder, 'run'),
        CONFIGURATION_DIRECTORY: join(folder, 'etc'),
      };
      // systemd names the stream it gave; `exec` keeps the process id that signals go to.
      const run = 'exec 3>&1; JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/3) exec "$@" 3>&-';
      const daemon = start('bash', ['-c', run, 'bash', process.execPath, main, ...words.split(' ')], env);
      await until('READY', () => heard.said().includes('READY=1 STATUS=pushing to 0 nodes'));
      await until('WATCHDOG three times', () => heard.said().split('WATCHDOG=1').length > 3);
      daemon.child.kill('SIGHUP');
      await until('RELOADING and READY', () =>
        /RELOADING=1 MONOTONIC_USEC=\d+\n[^]*READY=1 STATUS=settings read again/u.test(heard.said()),
      );
      daemon.child.kill('SIGTERM');
      expect(await daemon.code).toBe(0);
      await until('STOPPING', () => heard.said().includes('STOPPING=1'));
      expect(daemon.said()).toMatch(/^<5>\[✓\] started/mu);
      expect(
        daemon
          .said()
          .trimEnd()
          .split('\n')
          .filter((line) => !/^<[3-7]>/u.test(line)),
      ).toEqual([]);
    });

    it('a refusal at the start is an error of the journal in one line', async () => {
      writeFileSync(join(folder, 'etc/config.yaml'), 'source:\n  kind: floppy\n');
      const run = 'JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec "$@"';
      const env = {
        PATH: process.env['PATH'],
        LANG: 'C.UTF-8',
        CONFIGURATION_DIRECTORY: join(folder, 'etc'),
        STATE_DIRECTORY: join(folder, 'state'),
      };
      const daemon = start('bash', ['-c', run, 'bash', process.execPath, main, 'daemon'], env);
      expect(await daemon.code).toBe(78);
      expect(daemon.said()).toMatch(/^<3>\[✗\] .*source\.kind.*\n$/u);
    });
  },
);
