import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nameOf, sides, type Side } from './bomb.ts';
import type { CrashTask, Survived } from './task.ts';

// A run takes a fraction of a second; one that does not end runs in a circle in which no virtual time passes.
const hangMs = 600_000;
const chunk = 60;

/** Plays the runs of a task in a process of its own. Rejects where the process itself fails. */
export async function runCrashes(
  task: CrashTask,
  onRun: (run: Survived) => void = () => undefined,
): Promise<readonly Survived[]> {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, JSON.stringify(task)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('utf8')).slice(-4_000);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let hang = setTimeout(() => child.kill('SIGKILL'), hangMs);
  const runs: Survived[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(hang);
    hang = setTimeout(() => child.kill('SIGKILL'), hangMs);
    const run = JSON.parse(line) as Survived;
    runs.push(run);
    onRun(run);
  }
  const code = await ended;
  clearTimeout(hang);
  const next = task.moments[runs.length];
  if (code !== 0 && !(task.untilBroken === true && runs.at(-1)?.broken !== undefined))
    throw new Error(
      `crash points: the process ended with ${String(code)} at ${next ?? 'no moment'}: ${said}`,
    );
  return runs;
}

/** Plays many runs, several processes at a time. */
export async function runAll(
  task: CrashTask,
  onRun: (run: Survived) => void = () => undefined,
): Promise<readonly Survived[]> {
  const all: Survived[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < task.moments.length) {
      const from = next;
      next += chunk;
      all.push(...(await runCrashes({ ...task, moments: task.moments.slice(from, from + chunk) }, onRun)));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(8, availableParallelism())) }, work));
  return all;
}

/** What a run without a death passed: how often each side of each await. */
export async function recorded(task: Omit<CrashTask, 'moments'> = {}): Promise<Survived> {
  const [run] = await runCrashes({ ...task, moments: [null] });
  if (run === undefined) throw new Error('crash points: the script was not played');
  return run;
}

/** At which of the passes of an await a death is tried: the first, one of the later ones, or the first of every act. */
export type Depth = 'first' | 'later' | 'acts';

/** The moments to die at, each once, in the order in which a run comes to them. */
export function momentsOf(
  { passed, firsts }: Pick<Survived, 'passed' | 'firsts'>,
  wanted: { readonly sides: readonly Side[]; readonly depths: readonly Depth[]; readonly act?: string },
): readonly string[] {
  const names = new Set<string>();
  const put = (key: string, pass: number): void => {
    const side = sides.find((each) => key.endsWith(`/${each}`));
    if (side === undefined || !wanted.sides.includes(side)) return;
    names.add(nameOf({ point: key.slice(0, -side.length - 1), pass, side }));
  };
  const has = (depth: Depth): boolean => wanted.depths.includes(depth);
  for (const [key, count] of passed) {
    if (has('first')) put(key, 1);
    if (has('later')) put(key, Math.ceil(count * 0.6));
  }
  for (const [act, key, pass] of firsts)
    if (has('acts') && (wanted.act === undefined || wanted.act === act)) put(key, pass);
  return [...names];
}

/** Broken runs as a person reads them, with how to see each again. */
export function told(runs: readonly Survived[]): string {
  return runs
    .map(
      ({ moment, broken, lines }) =>
        `${moment}: ${broken?.message ?? 'nobody died'}\n${lines.slice(-25).join('\n')}\nagain: POINT='${moment}' make sim-crash`,
    )
    .join('\n\n');
}
