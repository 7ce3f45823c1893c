import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { hostsBlock, NodeRoot, routesFile, type Ask } from './harness.ts';

const node = new NodeRoot().enrol();
node.write('etc/hosts', '127.0.0.1 localhost\n');

afterAll(() => {
  node.remove();
});

// strace counts what really starts; without it there is no honest count, because the receiver sets its own PATH.
const mayTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** The programs and the processes that one exec starts, its own start not counted. */
async function started(
  ask: Ask,
): Promise<{ readonly programs: readonly string[]; readonly processes: number }> {
  const trace = node.path('trace');
  node.write('trace', '');
  const receipt = await node.ask(ask, { under: ['strace', '-f', '-qq', '-e', 'trace=process', '-o', trace] });
  expect(receipt.code).toBe(0);
  const lines = readFileSync(trace, 'utf8').split('\n');
  const programs = lines.flatMap((line) => /execve\("([^"]+)".*= 0$/u.exec(line)?.[1] ?? []);
  const processes = lines.filter(
    (line) =>
      /(?:fork|clone|clone3|vfork)\(.*= \d+$|resumed>.*= \d+$/u.test(line) && /clone|fork/u.test(line),
  ).length;
  return { programs: programs.slice(1).map((name) => name.replace(/.*\//u, '')), processes };
}

const names = (at: number) => Array.from({ length: 18 }, (_, each) => `app-${String(at)}-${String(each)}`);
const block = (at: number) =>
  hostsBlock(
    Array.from(
      { length: 150 },
      (_, each) => `10.0.${String(at)}.${String(each)}\tapp-${String(each)}.minicloud.local`,
    ),
  );

describe.skipIf(!mayTrace)('the budget of an apply of 5 KB in steady state', () => {
  it.each([
    ['block', 'hosts', (at: number) => block(at)],
    ['file', 'traefik-routes', (at: number) => routesFile(names(at))],
  ])('of shape %s is 9 processes', async (_shape, kind, document) => {
    // Steady state: directories, records and five backups are there.
    for (let seq = 1; seq <= 7; seq++) await node.ask({ kind, document: document(seq), seq });
    expect(document(8).length).toBeGreaterThan(4500);
    const { programs, processes } = await started({ kind, document: document(8), seq: 8 });
    expect(programs.toSorted()).toEqual([
      'cp',
      'flock',
      'head',
      'mv',
      'rm',
      'sha256sum',
      'stat',
      'sync',
      'sync',
    ]);
    expect(processes).toBe(9);
  });

  it.each([
    ['hosts', block(9)],
    ['traefik-routes', routesFile(names(9))],
  ])('of unchanged %s is 6 processes', async (kind, document) => {
    await node.ask({ kind, document, seq: 20 });
    const { programs, processes } = await started({ kind, document, seq: 21 });
    expect(programs.toSorted()).toEqual(['flock', 'head', 'rm', 'sha256sum', 'stat', 'sync']);
    expect(processes).toBe(6);
  });

  it.each([['hosts'], ['traefik-routes']])('of a check of %s is 3 processes', async (kind) => {
    expect((await started({ mode: 'check', kind })).processes).toBeLessThanOrEqual(3);
  });
});
