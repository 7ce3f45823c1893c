import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serviceNotifier } from '../../src/lib/notify.ts';

let folder: string;
const warnings: string[] = [];
const warn = (message: string): void => {
  warnings.push(message);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-'));
  warnings.length = 0;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A `systemd-notify` that writes down what it was told, then ends with a code. */
function fakeProgram(code = 0): NodeJS.ProcessEnv {
  const path = join(folder, 'systemd-notify');
  writeFileSync(
    path,
    `#!/bin/bash\nprintf '%s\\n' "$NOTIFY_SOCKET" "$@" "--" >> "${folder}/told"\necho broken >&2\nexit ${code}\n`,
  );
  chmodSync(path, 0o755);
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}`, NOTIFY_SOCKET: '/run/notify' };
}

const told = () =>
  existsSync(join(folder, 'told'))
    ? readFileSync(join(folder, 'told'), 'utf8').split('--\n').filter(Boolean)
    : [];

describe('telling systemd', () => {
  it('names every state of the service with its status line', async () => {
    const notifier = serviceNotifier({ env: fakeProgram(), pid: 1, warn });
    await notifier.ready('pushing\nto 3 nodes');
    await notifier.watchdog();
    await notifier.status('x');
    await notifier.reloading();
    await notifier.stopping('bye');
    expect(told()).toEqual([
      '/run/notify\nREADY=1\nSTATUS=pushing to 3 nodes\n',
      '/run/notify\nWATCHDOG=1\n',
      '/run/notify\nSTATUS=x\n',
      expect.stringMatching(/^\/run\/notify\nRELOADING=1\nMONOTONIC_USEC=\d+\n$/u),
      '/run/notify\nSTOPPING=1\nSTATUS=bye\n',
    ]);
    expect(warnings).toEqual([]);
  });

  it('does nothing outside of systemd', async () => {
    const { NOTIFY_SOCKET: _socket, ...env } = fakeProgram();
    await serviceNotifier({ env, pid: 1, warn }).ready('x');
    expect(told()).toEqual([]);
  });

  it('warns and goes on where it fails or is not there', async () => {
    await serviceNotifier({ env: fakeProgram(3), pid: 1, warn }).ready('x');
    expect(warnings).toEqual(['systemd-notify ended with 3: broken']);
    await serviceNotifier({
      env: { PATH: '/nonexistent', NOTIFY_SOCKET: '/run/notify' },
      pid: 1,
      warn,
    }).ready('x');
    expect(warnings[1]).toContain('cannot be started');
  });

  it.each([
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, undefined],
    [{}, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: 'soon' }, undefined],
  ])('reports twice per period of the watchdog: %j is %s ms', (env, ms) => {
    expect(serviceNotifier({ env, pid: 42, warn }).watchdogMs).toBe(ms);
  });

  const listener = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(sys.argv[1]);print("bound",flush=True);print(s.recv(4096).decode(),flush=True)`;
  const real =
    spawnSync('systemd-notify', ['--version']).status === 0 && spawnSync('python3', ['-c', '']).status === 0;
  // Node cannot listen on a unix datagram socket itself.
  it.skipIf(!real)(
    'is understood by the real systemd-notify (skipped without systemd-notify and python3)',
    async () => {
      const socket = join(folder, 'socket');
      const child = spawn('python3', ['-c', listener, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
      let heard = '';
      child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      await once(child.stdout, 'data');
      await serviceNotifier({ env: { ...process.env, NOTIFY_SOCKET: socket }, pid: 1, warn }).ready(
        'pushing to 3 nodes',
      );
      await once(child, 'close');
      expect(heard).toContain('READY=1\nSTATUS=pushing to 3 nodes');
    },
  );
});
