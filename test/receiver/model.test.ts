import { appendFileSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeRoot } from './harness.ts';
import { compose, documents } from './model.ts';
import { Pair, type Command, type Draw } from './pair.ts';

/** Scales the default run up: 1 is 15 s on an idle machine. */
const runs = Number(process.env['SYNC_TEST_RUNS'] ?? '1');

const steps = [
  'document',
  'staged',
  'locked',
  'judged',
  'assembled',
  'claiming',
  'claimed',
  'fenced',
  'durable',
  'replacing',
  'renamed',
  'recorded',
  'proven',
] as const;

const cluster = fc.constantFrom('cluster-aaaa', 'cluster-aaaa', 'cluster-bbbb');
const kind = fc.constantFrom('hosts', 'hosts', 'traefik-routes', 'traefik-routes', 'hosts-twin');
const draw: fc.Arbitrary<Draw> = fc.record({
  cluster,
  kind,
  epoch: fc.constantFrom(1, 1, 1, 2, 3),
  writer: fc.constantFrom('writeraaaa', 'writeraaaa', 'writerbbbb'),
  seq: fc.constantFrom(1, 2, 3, 4),
  document: fc.nat(9).map((at) => Math.min(at, 4) % 5),
  base: fc.constantFrom('any', 'any', 'any', 'now', 'absent', 'other'),
  rollback: fc.nat(4).map((at) => at === 0),
  takeOver: fc.nat(4).map((at) => at === 0),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({ do: fc.constant('request' as const), draw, crashAt: fc.constant(undefined) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('request' as const), draw, crashAt: fc.constantFrom(...steps) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('race' as const),
      draws: fc.array(draw, { minLength: 2, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('check' as const), cluster, kind }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('tear' as const, 'tear' as const, 'flip' as const),
      bytes: fc.integer({ min: 1, max: 90 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('edit' as const), how: fc.nat(6) }) },
);

describe('the receiver against its model', () => {
  it(
    'answers and writes exactly what the model does, over crashes, races, torn records and foreign edits',
    { timeout: 120_000 * runs + 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 14 }), async (commands) => {
          const pair = new Pair();
          try {
            for (const each of commands) await pair.run(each);
          } finally {
            pair.node.remove();
          }
        }),
        {
          numRuns: 60 * runs,
          endOnFailure: true,
          interruptAfterTimeLimit: 110_000 * runs,
          markInterruptAsFailure: false,
        },
      );
    },
  );

  it('never lowers a fence, whatever comes in whatever order', { timeout: 120_000 * runs }, async () => {
    const node = new NodeRoot().enrol();
    node.write('etc/hosts', '127.0.0.1 localhost\n');
    let highest = { epoch: 0, writer: '', seq: 0 };
    await fc.assert(
      fc.asyncProperty(draw, async (d) => {
        const document = documents('cluster-aaaa', 'hosts')[d.document % 4] ?? '';
        const { fence } = await node.ask({
          ...d,
          base: undefined,
          cluster: 'cluster-aaaa',
          kind: 'hosts',
          document,
          mode: d.rollback ? 'rollback' : 'apply',
        });
        if (fence === null) return;
        expect(fence.epoch * 1000 + fence.seq).toBeGreaterThanOrEqual(highest.epoch * 1000 + highest.seq);
        if (fence.epoch === highest.epoch) expect(fence.writer).toBe(highest.writer);
        highest = fence;
      }),
      { numRuns: 40 * runs },
    );
    node.remove();
  });

  it('keeps a journal short by rewriting it to the last record of every word, unknown words included', async () => {
    const node = new NodeRoot().enrol();
    node.write('etc/hosts', '127.0.0.1 localhost\n');
    const [one = ''] = documents('cluster-aaaa', 'hosts');
    await node.ask({ document: one });
    const journal = node.path(node.journal('cluster-aaaa', 'hosts'));
    appendFileSync(journal, 'SC1 vote 7 writervote | SC1 vote 7 writervote\n');
    for (let at = 0; at < 99; at++)
      appendFileSync(journal, readFileSync(journal, 'utf8').split('\n').slice(0, 2).join('\n').concat('\n'));
    const receipt = await node.ask({ document: '', seq: 2 });
    expect(receipt.result).toBe('INSTALLED');
    const words = readFileSync(journal, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[1]);
    expect(words).toEqual(['vote', 'fence', 'installed', 'fence', 'installed']);
    node.remove();
  });

  it('places a block in the model as in the receiver where the file has no last newline', () => {
    expect(compose('block', 'a\nb', 'B\n')).toBe('a\nB\nb');
  });
});
