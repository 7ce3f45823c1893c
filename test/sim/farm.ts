import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Task } from './boot/task.ts';
import type { Verdict } from './run.ts';
import type { Script } from './script/action.ts';

/** What one seed came to. */
export interface Played extends Verdict {
  readonly cpuMs: number;
  /** The script that is left after shrinking. */
  readonly script?: Script;
}

// A seed takes a fraction of a second; one that does not end runs in a circle in which no virtual time passes.
const hangMs = 180_000;
const chunk = 125;

/** Plays the seeds of a task in a process of its own, and tells each verdict as it comes. Rejects where the process itself fails. */
export async function runTask(
  task: Task,
  onPlayed: (played: Played) => void = () => undefined,
): Promise<readonly Played[]> {
  const main = join(import.meta.dirname, 'boot/main.ts');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, JSON.stringify(task)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('utf8')).slice(-4_000);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let hang = setTimeout(() => child.kill('SIGKILL'), hangMs);
  const played: Played[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(hang);
    hang = setTimeout(() => child.kill('SIGKILL'), hangMs);
    const one = JSON.parse(line) as Played;
    played.push(one);
    onPlayed(one);
  }
  const code = await ended;
  clearTimeout(hang);
  if (code === 0) return played;
  if (code === null) return [...played, hung(task.seeds[0] + played.length)];
  throw new Error(`the simulator ended with ${String(code)}: ${said}`);
}

/** Plays seeds from 1 on, several processes at a time. */
export async function runSeeds(
  count: number,
  task: Omit<Task, 'seeds'>,
  options: { readonly from?: number; readonly onPlayed?: (played: Played) => void } = {},
): Promise<readonly Played[]> {
  const { from = 1, onPlayed } = options;
  const all: Played[] = [];
  let next = from;
  const last = from + count - 1;
  const work = async (): Promise<void> => {
    while (next <= last) {
      const first = next;
      next += chunk;
      all.push(...(await runTask({ ...task, seeds: [first, Math.min(first + chunk - 1, last)] }, onPlayed)));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(8, availableParallelism())) }, work));
  return all.sort((a, b) => a.seed - b.seed);
}

function hung(seed: number): Played {
  return {
    seed,
    broken: { invariant: 'I11', message: 'I11: the run does not end' },
    digest: '',
    virtualMs: 0,
    steps: 0,
    counts: {},
    times: [],
    lines: [],
    cpuMs: hangMs,
  };
}

/** The broken ones as a person reads them, with how to see each again. */
export function told(played: readonly Played[], again: (seed: number) => string): string {
  return played
    .filter(({ broken }) => broken !== undefined)
    .map(
      ({ seed, broken, lines }) =>
        `seed ${String(seed)}: ${broken?.message ?? ''}\n${lines.slice(-25).join('\n')}\nagain: ${again(seed)}`,
    )
    .join('\n\n');
}
