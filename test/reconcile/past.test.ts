import { describe, expect, it } from 'vitest';
import type { HistoryApi, RevisionTexts } from '../../src/contract/history.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { RegistryTexts } from '../../src/model/registry-texts.ts';
import { applyGuard } from '../../src/plan/guard.ts';
import { blame, type Rendering } from '../../src/reconcile/blame.ts';
import { objectsOf } from '../../src/registry/objects-of.ts';
import { pastRevisions } from '../../src/reconcile/past.ts';
import { parseRegistries } from '../../src/registry/parse.ts';

const limits = { percent: 50, minimum: 5 };
const service = (n: number): object => ({ subdomain: `s${n}`, ip: `100.64.1.${n}`, port: 80, public: false });
const base = {
  'cluster-info/cluster-domain': 'home',
  'cluster-info/cluster-name': 'home',
  'sync-controller-registry/registry.json':
    '{"management_laptops":[{"ip":"100.64.0.1","name":"l","ssh_user":"u"}],"vps_nodes":[],"worker_nodes":[]}',
  'domain-registry/routing.json': '{}',
};
const textsOf = (services: object): RegistryTexts => ({
  ...base,
  'service-registry/services.json': JSON.stringify(services),
});

/** A history as a controller would have filed it: what came into force after each edit, newest last. */
class Told implements HistoryApi {
  readonly kept: RevisionTexts[] = [];
  reads = 0;
  private inForce: Snapshot | undefined;

  file(texts: RegistryTexts, approved = false): Snapshot {
    const parsed = parseRegistries(objectsOf(texts), this.inForce);
    const guarded = applyGuard(this.inForce, parsed, new Set(), limits);
    const effective = approved ? parsed : guarded.effective;
    this.inForce = effective;
    const number = (this.kept.at(-1)?.number ?? 0) + 1;
    this.kept.push({
      number,
      digest: effective.digest,
      at: `day ${number}`,
      who: null,
      why: null,
      texts: { ...texts },
    });
    return effective;
  }

  async revisions(limit: number) {
    const revisions = this.kept.toReversed().slice(0, limit);
    return { revisions: revisions as never, dropped: 0 };
  }

  async revisionTexts(number: number, below = false): Promise<RevisionTexts | undefined> {
    this.reads += 1;
    return this.kept.toReversed().find((one) => (below ? one.number < number : one.number === number));
  }

  revision(): never {
    throw new Error('not asked here');
  }
  pushes(): never {
    throw new Error('not asked here');
  }
  lastPushes(): never {
    throw new Error('not asked here');
  }
}

async function names(history: Told): Promise<[number, string, boolean][]> {
  const found: [number, string, boolean][] = [];
  const ask = (snapshot: Snapshot) => [...snapshot.services.keys()].sort().join(' ');
  for await (const { revision, value, exact } of pastRevisions({ history, limits }, ask))
    found.push([revision.number, value, exact]);
  return found;
}

describe('what was in force under a revision', () => {
  it('is rebuilt from its texts, newest to oldest', async () => {
    const history = new Told();
    for (const services of [{ a: service(1) }, { a: service(1), b: service(2) }, { b: service(2) }])
      history.file(textsOf(services));
    expect(await names(history)).toEqual([
      [3, 'b', true],
      [2, 'a b', true],
      [1, 'a', true],
    ]);
  });

  it('has the good version of an entry that was set aside then, from the revision before', async () => {
    const history = new Told();
    history.file(textsOf({ a: service(1), b: service(2) }));
    history.file(textsOf({ a: { ...service(1), port: 'x' }, b: service(2), c: service(3) }));
    history.file(textsOf({ a: { ...service(1), port: 'y' }, c: service(3) }));
    expect(await names(history)).toEqual([
      [3, 'a c', true],
      [2, 'a b c', true],
      [1, 'a b', true],
    ]);
  });

  it('has what the guard withheld, and not what it was told to let go', async () => {
    const history = new Told();
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`s${n}`, service(n + 1)]));
    history.file(textsOf(many));
    history.file(textsOf({ s0: service(1), extra: service(99) }));
    history.file(textsOf({ s0: service(1), extra: service(99) }), true);
    expect(await names(history)).toEqual([
      [3, 'extra s0', true],
      [2, 'extra s0 s1 s2 s3 s4 s5 s6 s7', true],
      [1, 's0 s1 s2 s3 s4 s5 s6 s7', true],
    ]);
  });

  it('says so where nothing kept tells what an entry was when it was good', async () => {
    const history = new Told();
    history.file(textsOf({ a: service(1), b: service(2) }));
    history.file(textsOf({ a: { ...service(1), port: 'x' }, b: service(2), c: service(3) }));
    history.kept.shift();
    expect(await names(history)).toEqual([[2, 'b c', false]]);
  });

  it('is read no further than it is asked for', async () => {
    const history = new Told();
    for (let n = 1; n < 50; n += 1) history.file(textsOf({ [`s${n}`]: service(n) }));
    for await (const { revision } of pastRevisions({ history, limits }, () => undefined))
      if (revision.number < 48) break;
    expect(history.reads).toBeLessThan(8);
  });
});

describe('the blame of a line', () => {
  const revision = (number: number) => ({ number, digest: '', at: '', who: null, why: null });

  async function blamed(...texts: readonly (string | undefined)[]): Promise<string[]> {
    async function* renderings(): AsyncGenerator<Rendering> {
      for (const [at, text] of texts.entries())
        yield { revision: at === 0 ? undefined : revision(texts.length - at), text };
    }
    return (await blame(renderings())).map(
      ({ line, origin }) => `${origin.oldest ? '^' : ''}${String(origin.revision?.number ?? 'now')} ${line}`,
    );
  }

  it('is on the oldest revision of the unbroken run that has it', async () => {
    expect(await blamed('a\nb\nc\n', 'a\nb\nc\n', 'a\nc\n', 'a\nx\n')).toEqual(['^1 a', '3 b', '2 c']);
  });

  it('is on the edit that brought it back, not on the first time', async () => {
    expect(await blamed('a\nb\n', 'a\nb\n', 'a\n', 'a\nb\n')).toEqual(['^1 a', '3 b']);
  });

  it('follows equal lines in their places: an old one is not blamed for its new twin', async () => {
    const before = 'r1:\n  tls\nr2:\n  tls\n';
    const after = 'r1:\n  tls\nnew:\n  tls\nr2:\n  tls\n';
    expect(await blamed(after, after, before)).toEqual([
      '^1 r1:',
      '^1   tls',
      '2 new:',
      '2   tls',
      '^1 r2:',
      '^1   tls',
    ]);
  });

  it('is on the registries as they are where nothing was filed yet, and on nobody where there is no line', async () => {
    expect(await blamed('a\nb\n', 'a\n')).toEqual(['^1 a', 'now b']);
    expect(await blamed('a\n')).toEqual(['^now a']);
    expect(await blamed(undefined, 'a\n')).toEqual([]);
  });

  it('ends with the revision in which the node came', async () => {
    expect(await blamed('a\n', 'a\n', undefined, 'a\n')).toEqual(['3 a']);
  });
});
