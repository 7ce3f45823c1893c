import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Receipt } from '../../src/wire/receipt.ts';
import { NodeRoot, type Ask } from './harness.ts';
import { documents, kinds, ModelNode, type Expected, type ModelRequest } from './model.ts';

/** One request as the generator draws it. */
export interface Draw {
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

/** One thing that happens to a node. */
export type Command =
  | { readonly do: 'request'; readonly draw: Draw; readonly crashAt: string | undefined }
  | { readonly do: 'race'; readonly draws: readonly Draw[] }
  | { readonly do: 'check'; readonly cluster: string; readonly kind: string }
  | { readonly do: 'tear' | 'flip'; readonly bytes: number }
  | { readonly do: 'edit'; readonly how: number };

/** A real node and its model, driven side by side. */
export class Pair {
  readonly node: NodeRoot;
  readonly model: ModelNode;
  private last: Draw = {
    cluster: 'cluster-aaaa',
    kind: 'hosts',
    epoch: 1,
    writer: 'writeraaaa',
    seq: 1,
    document: 0,
    base: 'any',
    rollback: false,
    takeOver: false,
  };

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
        await this.look();
        // A record that is written behind the damage must be found again.
        if (command.bytes % 2 === 1)
          await this.request(
            { ...this.last, epoch: 4, seq: command.bytes, document: command.bytes % 5 },
            undefined,
          );
        await this.look();
        break;
      case 'edit':
        this.edit(command.how);
    }
    this.compareFiles();
  }

  /** `check` of the kind that was written last. */
  private async look(): Promise<void> {
    const { cluster, kind } = this.last;
    const receipt = await this.node.ask({ mode: 'check', epoch: 0, seq: 0, cluster, kind });
    expect(seen(receipt)).toEqual(this.model.check(cluster, kind));
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
    this.last = d;
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
    // A request sweeps the directories of its own kind; what a crash left beside another target waits for that one.
    const swept = ['var/lib/sync-controller/tmp/', d.kind === 'traefik-routes' ? 'srv/traefik/' : 'etc/'];
    expect(this.node.leftovers().filter((name) => swept.some((dir) => name.startsWith(dir)))).toEqual([]);
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
