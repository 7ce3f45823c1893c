import { spawn } from 'node:child_process';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../../', import.meta.url).pathname;

/** Copies the built product, so that a build during the measurement changes nothing; answers its entry. */
export function copyProduct(folder: string): string {
  cpSync(join(root, 'dist'), join(folder, 'product/dist'), { recursive: true });
  for (const name of ['package.json', 'scripts'])
    cpSync(join(root, name), join(folder, 'product', name), { recursive: true });
  return join(folder, 'product/dist/main.js');
}

/** Milliseconds of CPU that all threads of a process have had. */
export function cpuMsOf(pid: number): number {
  const folder = `/proc/${String(pid)}/task`;
  const nanos = readdirSync(folder).map((task) =>
    Number(readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanos.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** A line of /proc/PID/status in megabytes: `VmRSS`, `VmHWM`. */
export function memoryMb(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`bench: /proc/${String(pid)}/status has no ${name}`);
  return (Number(kilobytes) * 1024) / 1e6;
}

/** Runs a whole process and answers its milliseconds from start to end; anything but the expected code is an error. */
export async function wholeRun(
  program: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const start = performance.now();
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0) throw new Error(`bench: ${argv.join(' ')}: exit ${String(code)}: ${said}`);
  return performance.now() - start;
}

/** The environment that the unit file gives the daemon: what bounds its memory belongs to what is measured. */
export function unitEnvironment(): Readonly<Record<string, string>> {
  const unit = readFileSync(join(root, 'deploy/sync-controller.service'), 'utf8');
  const lines = unit.matchAll(/^Environment=([A-Z_0-9]+)=(.*)$/gmu);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}
