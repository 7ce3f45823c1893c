import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeRoot, type Ask } from './harness.ts';
import { compose, documents, kinds, ModelNode, type Expected, type ModelRequest } from './model.ts';
import type { Receipt } from '../../src/wire/receipt.ts';

/** Scales the default run up: 1 is about half a minute. */
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

interface Draw {
  readonly cluster: string;
  readonly kind: string;
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly document: number;
  readonly base: 'any' | 'now' | 'absent' | 'other';
  readonly rollback: boolean;
  readonly takeOver: boolean;
}

type Command =
  | { readonly do: 'request'; readonly draw: Draw; readonly crashAt: string | undefined }
  | { readonly do: 'race'; readonly draws: readonly Draw[] }
  | { readonly do: 'check'; readonly cluster: string; readonly kind: string }
  | { readonly do: 'tear' | 'flip'; readonly bytes: number }
  | { readonly do: 'edit'; readonly how: number };

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

/** A real node and its model, driven side by side. */
class Pair {
  readonly node: NodeRoot;
  readonly model: ModelNode;
  private last = { cluster: 'cluster-aaaa', kind: 'hosts' };

  constructor() {
    this.node = new NodeRoot().enrol();
    this.node.target('hosts-twin', { shape: 'block', path: '/etc/hosts', check: 'hosts' });
    this.model = new ModelNode();
    this.put('/etc/hosts', '127.0.0.1 localhost\r\n\tx\xff y');
  }

  put(path: string, bytes: string): void {
    this.model.files.set(path, bytes);
    this.node.write(path.slice(1), Buffer.from(bytes, 'latin1'));
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'request':
        await this.request(command.draw, command.crashAt);
        break;
      case 'race':
        await this.race(command.draws);
        break;
      case 'check': {
        const receipt = await this.node.ask({
          mode: 'check',
          epoch: 0,
          seq: 0,
          cluster: command.cluster,
          kind: command.kind,
        });
        expect(seen(receipt)).toEqual(this.model.check(command.cluster, command.kind));
        break;
      }
      case 'tear':
      case 'flip':
        this.damage(command);
        break;
      case 'edit':
        this.edit(command.how);
    }
    this.compareFiles();
  }

  private concrete(d: Draw): ModelRequest {
    const now = this.model.managed(d.kind);
    const base = { any: undefined, now, absent: 'absent', other: 'f'.repeat(64) }[d.base];
    const document = documents(d.cluster, d.kind)[d.document] ?? '';
    return {
      mode: d.rollback ? 'rollback' : 'apply',
      cluster: d.cluster,
      kind: d.kind,
      epoch: d.epoch,
      writer: d.writer,
      seq: d.seq,
      base,
      document,
      takeOver: d.takeOver,
    };
  }

  private async request(d: Draw, crashAt: string | undefined): Promise<void> {
    const request = this.concrete(d);
    this.last = request;
    const expected = this.model.apply(request, crashAt);
    const ended = await this.node.run(
      asked(request),
      crashAt === undefined ? {} : { env: { SC_TEST_CRASH_AT: crashAt } },
    );
    if (expected === undefined) {
      expect(ended.signal).toBe('SIGKILL');
      return;
    }
    expect(ended.receipt === undefined ? ended : seen(ended.receipt)).toEqual(expected);
    expect(this.node.leftovers()).toEqual([]);
  }

  /** Concurrent calls: there must be an order in which the model gives exactly these answers and these bytes. */
  private async race(draws: readonly Draw[]): Promise<void> {
    const requests = draws.map((d) => this.concrete(d));
    const answers = await Promise.all(requests.map((request) => this.node.ask(asked(request))));
    const found = permutations(requests.map((_, at) => at)).find((order) =>
      this.explains(order, requests, answers),
    );
    if (found === undefined) {
      expect.fail(`no order explains ${JSON.stringify(answers.map(seen))} to ${JSON.stringify(requests)}`);
    }
    for (const request of found.flatMap((at) => requests[at] ?? [])) this.model.apply(request);
  }

  private explains(
    order: readonly number[],
    requests: readonly ModelRequest[],
    answers: readonly Receipt[],
  ): boolean {
    const twin = this.model.copy();
    const agree = order.every((at) => {
      const request = requests[at];
      const answer = answers[at];
      return request !== undefined && answer !== undefined && same(twin.apply(request), seen(answer));
    });
    return agree && Object.values(kinds).every(({ path }) => twin.files.get(path) === this.bytes(path));
  }

  /** Damages the journal that was written last. */
  private damage(command: Extract<Command, { do: 'tear' | 'flip' }>): void {
    const { cluster: of, kind: last } = this.last;
    const path = this.node.path(this.node.journal(of, last));
    if (command.do === 'tear') {
      if (!this.model.tear(of, last, command.bytes)) return;
      truncateSync(path, readFileSync(path).length - command.bytes);
    } else if (this.model.flip(of, last)) {
      const bytes = readFileSync(path);
      const start = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
      const at = start + (command.bytes % 50);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(path, bytes);
    }
  }

  /** Somebody else edits /etc/hosts, or our routes file. */
  private edit(how: number): void {
    const now = this.model.files.get('/etc/hosts') ?? '';
    const edits: readonly (() => void)[] = [
      () => {
        this.put('/etc/hosts', `${now}\n10.9.9.9 appended`);
      },
      () => {
        this.put('/etc/hosts', `# \xe4\r\n${now}`);
      },
      () => {
        this.put('/etc/hosts', `${now}\n`);
      },
      () => {
        this.put('/etc/hosts', now.replace(/^(10\.0\.0\.1\ta)/mu, '10.6.6.6\ta'));
      },
      () => {
        this.put('/srv/traefik/routes.yml', '# somebody else was here\n');
      },
      () => {
        this.model.files.delete('/srv/traefik/routes.yml');
        rmSync(this.node.path('srv/traefik/routes.yml'), { force: true });
      },
      () => {
        this.put('/etc/hosts', '');
      },
    ];
    edits[how]?.();
  }

  private bytes(path: string): string | undefined {
    return this.node.read(path.slice(1))?.toString('latin1');
  }

  /** I2 and I7: exactly the model's bytes, ours and everybody else's. */
  private compareFiles(): void {
    for (const { path } of Object.values(kinds)) expect(this.bytes(path)).toBe(this.model.files.get(path));
  }
}

function asked(request: ModelRequest): Ask {
  const { takeOver, ...rest } = request;
  return { ...rest, flags: takeOver ? ['take-over'] : [] };
}

/** The part of a receipt that the model foresees. */
function seen(receipt: Receipt): Expected {
  const { fence, installed, owner } = receipt;
  return {
    result: receipt.result,
    first: receipt.first === true,
    fence,
    installed:
      installed === null
        ? null
        : {
            epoch: installed.epoch,
            writer: installed.writer,
            seq: installed.seq,
            sha: installed.sha,
            restored_from: installed.restored_from,
          },
    owner,
    before: receipt.before?.sha ?? 'null',
    after: receipt.after?.sha ?? 'null',
  };
}

function same(a: Expected | undefined, b: Expected): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

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
          numRuns: 24 * runs,
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
