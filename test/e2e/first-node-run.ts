// From nothing to the first verified node, typed at a terminal: a fresh Debian that boots, the package, and a node with a plain sshd
// that lets the admin's key in and does not know ours.
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFleet } from '../fleet/fleet.ts';
import { CLEAN_ENV } from '../fleet/site.ts';
import { bootMachine } from './systemd/machine.ts';

export interface FirstNodeRun {
  /** What stood on the terminal, line by line, with what differs from run to run made equal. */
  readonly transcript: string;
  readonly commands: readonly string[];
  readonly seconds: number;
}

const repository = new URL('../../', import.meta.url).pathname;
// What the package depends on and `npm install` brings.
const packages = [
  'cli-table3',
  'string-width',
  'emoji-regex',
  'is-fullwidth-code-point',
  'strip-ansi',
  'ansi-regex',
];

/** Boots the machine, types three commands, and answers the questions with yes. */
export async function runFirstNode(): Promise<FirstNodeRun> {
  const fleet = await startFleet({ nodes: [{ name: 'laptop', user: 'vinay' }], storage: 'tmpfs' });
  const machine = await bootMachine();
  try {
    const { rootDir } = machine;
    const product = join(rootDir, 'usr/lib/node_modules/sync-controller');
    for (const name of packages)
      cpSync(join(repository, 'node_modules', name), join(product, 'node_modules', name), {
        recursive: true,
      });
    rmSync(join(rootDir, 'etc/systemd/system/sync-controller.service'));
    rmSync(join(rootDir, 'etc/sync-controller'), { recursive: true, force: true });
    mkdirSync(join(rootDir, 'root/.ssh'), { mode: 0o700 });
    writeFileSync(join(rootDir, 'root/.ssh/id_ed25519'), readFileSync(fleet.clientKey), { mode: 0o600 });
    appendFileSync(join(rootDir, 'root/.hushlogin'), '');
    const { address } = fleet.node(0);
    const commands = ['syncctl init', `syncctl node add vinay@${address} --type laptop`, 'syncctl health'];
    const began = performance.now();
    let shown = '';
    for (const command of commands) shown += `# ${command}\n${await typed(rootDir, command)}`;
    const seconds = (performance.now() - began) / 1000;
    return {
      transcript: normalised(shown, address),
      commands: commands.map((line) => normalised(line, address)),
      seconds,
    };
  } finally {
    await machine.stop();
    await fleet.stop();
  }
}

/** One command on a terminal of its own; every question is answered with `y`. */
async function typed(rootDir: string, command: string): Promise<string> {
  const pid = rootDir.split('/')[2] ?? '';
  const inside = ['--target', pid, '--mount', '--pid', '--uts', '--ipc', '--cgroup', '--'];
  const child = spawn('nsenter', [...inside, 'script', '-qec', command, '/dev/null'], {
    env: { ...CLEAN_ENV, HOME: '/root', USER: 'root', TERM: 'dumb', NO_COLOR: '1', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let asked = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    const questions = shown.split(/\[y\/N\] |\[cluster\] /u).length - 1;
    for (; asked < questions; asked += 1)
      child.stdin.write(shown.trimEnd().endsWith('[cluster]') ? '\n' : 'y\n');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return shown;
}

/** Addresses, keys, names and times of this very run become those of the manual. */
function normalised(text: string, address: string): string {
  return text
    .replaceAll(/\r+\n/gu, '\n')
    .replaceAll(new RegExp(`${String.fromCodePoint(27)}\\[[0-9;?]*[A-Za-z]`, 'gu'), '')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1).trimEnd())
    .join('\n')
    .replaceAll(address, '100.86.112.112')
    .replaceAll(/SHA256:[A-Za-z0-9+/]{43}/gu, 'SHA256:…')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/gu, '2026-11-22T08:00:00Z')
    .replaceAll(/^(NAME .*|100\.86\.112\.112.*|laptop .*)$/gmu, (row) => row.replaceAll(/ {2,}/gu, '  '));
}
