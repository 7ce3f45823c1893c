import { beforeAll, describe, expect, it } from 'vitest';
import { awaitsIn, instrumented } from './awaits.ts';
import { sides } from './bomb.ts';
import { momentsOf, recorded, runAll, runCrashes, told } from './crash-farm.ts';
import { crashMutants } from './crash-mutants.ts';
import { allPoints, isIdle } from './scope.ts';
import type { Survived } from './task.ts';

// In CI each await once on either side, and once more behind it late in the script; nightly late on either side, while the answer is on
// its way, once in every act, and with the rest of the script after the death.
const deep = ['nightly', 'release'].includes(process.env['TIER'] ?? '');
const hourMs = 3_600_000;

describe('instrumented text', () => {
  it('has a word at every await and keeps its lines', () => {
    const text =
      'async function f() {\n  for await (const x of g()) await h(await x);\n  return await i;\n}\n';
    const result = instrumented('a.ts', text);
    expect(awaitsIn('a.ts', text).map(({ line, column }) => [line, column])).toEqual([
      [2, 3],
      [2, 30],
      [2, 38],
      [3, 10],
    ]);
    expect(result.split('\n')).toHaveLength(text.split('\n').length);
    expect(result.match(/syncCrash\.(?:came|each)/gu)).toHaveLength(4);
  });
});

describe('a controller that dies at an await of its push path', () => {
  let reference: Survived;
  beforeAll(async () => {
    reference = await recorded();
  }, 600_000);

  it('is played by a script that holds every promise where nobody dies, and always in the same way', async () => {
    expect(reference.broken).toBeUndefined();
    expect((await recorded()).digest).toBe(reference.digest);
  }, 600_000);

  it('comes to every await but those that are listed with a reason', () => {
    const reached = new Set(reference.passed.map(([key]) => key.replace(/\/\w+$/u, '')));
    const points = allPoints();
    const missing = points.filter((point) => !reached.has(point));
    expect(missing.filter((point) => !isIdle(point))).toEqual([]);
    expect(points.length - missing.length).toBeGreaterThan(380);
  });

  it('comes back and keeps every promise, wherever it died', { timeout: hourMs }, async () => {
    const first = momentsOf(reference, { sides: ['before', 'after'], depths: ['first'] });
    const later = momentsOf(reference, { sides: ['after'], depths: ['later'] });
    const moments = deep
      ? momentsOf(reference, { sides, depths: ['first', 'later', 'acts'] })
      : [...new Set([...first, ...later])];
    expect(moments.length).toBeGreaterThan(1_100);
    const runs = await runAll({ moments, whole: deep });
    const broken = runs.filter((run) => run.broken !== undefined || run.victim === undefined);
    expect(told(broken.slice(0, 3))).toBe('');
    expect(runs).toHaveLength(moments.length);
  });
});

describe('deliberate defects that only a death shows', () => {
  it.each(crashMutants)('are caught: $name', { timeout: hourMs }, async ({ edits, act }) => {
    const alive = await recorded({ defects: edits, until: act });
    expect(alive.broken).toBeUndefined();
    const moments = momentsOf(alive, { sides: ['after'], depths: ['acts'], act });
    const runs = await runCrashes({ moments, defects: edits, until: act, untilBroken: true });
    expect(runs.at(-1)?.broken, `nothing broke in ${String(runs.length)} deaths`).toBeDefined();
  });
});
