import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causes, type CauseClass } from '../../src/model/cause.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { nextStep, verdictOf, type Standpoint, type Verdict } from '../../src/plan/rollout-step.ts';

const id = (name: string): NodeId => nodeId('worker_nodes', name);
const failure = (cause: CauseClass) =>
  ({ ok: false, id: id('a'), cause, evidence: '', reachable: true, facts: undefined }) as const;

/** `a+ b- c? d= e`: verified, failed, unreachable, held, silent; `|` parts batches, `>` ends what is released. */
function at(text: string, changes: Partial<Standpoint> = {}): Standpoint {
  const [open = '', closed = ''] = text.split('>');
  const verdicts = new Map<NodeId, Verdict>();
  const kinds: Record<string, Verdict> = { '+': 'ok', '-': 'failed', '?': 'unreachable', '=': 'held' };
  const read = (part: string): NodeId[][] =>
    part
      .split('|')
      .map((batch) => batch.trim().split(/\s+/u).filter(Boolean))
      .filter((batch) => batch.length > 0)
      .map((batch) =>
        batch.map((word) => {
          const verdict = kinds[word.slice(-1)];
          const node = id(verdict === undefined ? word : word.slice(0, -1));
          if (verdict !== undefined) verdicts.set(node, verdict);
          return node;
        }),
      );
  const released = read(open);
  return {
    policy: { maxFailed: { count: 0 }, maxUnreachable: { percent: 100 } },
    batches: [...released, ...read(closed)],
    released: released.length,
    verdicts,
    canaries: new Set(),
    away: new Set(),
    widened: 0,
    ...changes,
  };
}
const policy = (maxFailed: object, maxUnreachable: object = { percent: 100 }): Partial<Standpoint> => ({
  policy: { maxFailed, maxUnreachable } as Standpoint['policy'],
});

describe('what a rollout does next', () => {
  it.each([
    ['begins with the first batch', at('> a | b c'), { kind: 'next' }],
    [
      'waits for every answer of the batch',
      at('a+ b > c'),
      { kind: 'wait', on: 'answers', nodes: [id('b')] },
    ],
    [
      'waits for an earlier batch, too: after a restart all are asked again',
      at('a | b+ > c'),
      { kind: 'wait', on: 'answers', nodes: [id('a')] },
    ],
    ['goes on after a verified batch', at('a+ b+ > c'), { kind: 'next' }],
    ['is done when the last batch is verified', at('a+ | b+ c+'), { kind: 'done' }],
    ['is done at once where no node is to change', at(''), { kind: 'done' }],
    ['goes on where one of the batch cannot be reached', at('a+ b? > c'), { kind: 'next' }],
    ['goes on past a node that a person keeps out', at('a+ b= > c'), { kind: 'next' }],
  ])('%s', (_what, standpoint, step) => {
    expect(nextStep(standpoint)).toEqual(step);
  });

  it('stops at the first failure, even while others of the batch are silent', () => {
    expect(nextStep(at('a- b > c'))).toEqual({
      kind: 'stop',
      why: '1 of 2 nodes failed, 0 may',
      nodes: [id('a')],
    });
  });

  it('counts a number over the whole rollout, and a percentage in each batch', () => {
    expect(nextStep(at('a- b+ | c- d+ > e', policy({ count: 2 })))).toEqual({ kind: 'next' });
    expect(nextStep(at('a- b+ | c- d+ > e', policy({ count: 1 })))).toMatchObject({ kind: 'stop' });
    expect(nextStep(at('a- b+ | c- d+ > e', policy({ percent: 50 })))).toEqual({ kind: 'next' });
    expect(nextStep(at('a- | c+ d+ > e', policy({ percent: 50 })))).toMatchObject({
      kind: 'stop',
      why: '1 of 1 nodes in batch 1 failed, 50% may',
    });
  });

  it('stops at a failed canary whatever the budget', () => {
    const standpoint = at('a- b+ > c', { ...policy({ percent: 100 }), canaries: new Set([id('a')]) });
    expect(nextStep(standpoint)).toMatchObject({ kind: 'stop', why: `the canary ${id('a')} failed` });
  });

  it('a later failure in an earlier batch stops it all the same', () => {
    expect(nextStep(at('a- | b+ > c'))).toMatchObject({ kind: 'stop', nodes: [id('a')] });
  });

  it('waits, and never stops, over the budget of unreachable nodes', () => {
    expect(nextStep(at('a+ b? > c', policy({ count: 0 }, { count: 0 })))).toEqual({
      kind: 'wait',
      on: 'unreachable',
      nodes: [id('b')],
    });
  });

  it('draws in another node where a batch has proved nothing, three times at most', () => {
    expect(nextStep(at('a? > b c'))).toEqual({ kind: 'widen', lane: 'others' });
    expect(nextStep(at('a? b? c? d? > e', { widened: 3 }))).toMatchObject({ kind: 'wait', on: 'proof' });
    expect(nextStep(at('a= > b c'))).toEqual({ kind: 'widen', lane: 'others' });
  });

  it('does not take the silence of the whole fleet for consent', () => {
    expect(nextStep(at('a+ | b? c? d? > e', { widened: 3 }))).toMatchObject({ kind: 'wait', on: 'proof' });
    expect(nextStep(at('a?'))).toMatchObject({ kind: 'wait', on: 'proof' });
  });

  it('passes a batch of nodes that were known to be away, once something is proved', () => {
    const away = new Set([id('b'), id('c')]);
    expect(nextStep(at('a+ | b? c? > d', { away }))).toEqual({ kind: 'next' });
    expect(nextStep(at('a+ | b? c?', { away }))).toEqual({ kind: 'done' });
    expect(nextStep(at('b? > a', { away }))).toEqual({ kind: 'widen', lane: 'others' });
  });
});

const kinds = fc.constantFrom<Verdict | undefined>('ok', 'failed', 'unreachable', 'held', undefined);
const standpoints = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    released: fc.integer({ min: 0, max: 5 }),
    drawn: fc.array(kinds, { minLength: 20, maxLength: 20 }),
    maxFailed: fc.oneof(
      fc.record({ count: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ percent: fc.integer({ min: 0, max: 100 }) }),
    ),
  })
  .map(({ sizes, released, drawn, maxFailed }): Standpoint => {
    let n = 0;
    const batches = sizes.map((size) => Array.from({ length: size }, () => id(`n${String((n += 1))}`)));
    const open = Math.min(released, batches.length);
    const verdicts = new Map<NodeId, Verdict>();
    for (const [index, node] of batches.slice(0, open).flat().entries()) {
      const verdict = drawn[index];
      if (verdict !== undefined) verdicts.set(node, verdict);
    }
    return {
      policy: { maxFailed, maxUnreachable: { percent: 100 } },
      batches,
      released: open,
      verdicts,
      canaries: new Set(),
      away: new Set(),
      widened: 0,
    };
  });

describe('any rollout', () => {
  it('lets no further node in while one of the released has not answered, and none after a stop', () => {
    fc.assert(
      fc.property(standpoints, (standpoint) => {
        const step = nextStep(standpoint);
        const open = standpoint.batches.slice(0, standpoint.released).flat();
        const current = standpoint.batches[standpoint.released - 1] ?? [];
        if (step.kind === 'next' || step.kind === 'widen') {
          expect(standpoint.released).toBeLessThan(standpoint.batches.length);
          expect(current.every((node) => standpoint.verdicts.has(node))).toBe(true);
        }
        if (step.kind === 'done') expect(standpoint.released).toBe(standpoint.batches.length);
        const failed = open.filter((node) => standpoint.verdicts.get(node) === 'failed').length;
        if (failed === 0) expect(step.kind).not.toBe('stop');
      }),
    );
  });

  it('does not become worse by a node that cannot be reached: it is never a reason to stop', () => {
    fc.assert(
      fc.property(standpoints, (standpoint) => {
        const verdicts = new Map(
          [...standpoint.verdicts].map(([node, verdict]) => [
            node,
            verdict === 'failed' ? ('unreachable' as const) : verdict,
          ]),
        );
        expect(nextStep({ ...standpoint, verdicts }).kind).not.toBe('stop');
      }),
    );
  });

  it('stops exactly where its budget of failures is broken', () => {
    fc.assert(
      fc.property(standpoints, (standpoint) => {
        const {
          policy: { maxFailed },
          batches,
          released,
          verdicts,
        } = standpoint;
        const failedIn = (batch: readonly NodeId[]): number =>
          batch.filter((node) => verdicts.get(node) === 'failed').length;
        const open = batches.slice(0, released);
        const broken =
          'count' in maxFailed
            ? failedIn(open.flat()) > maxFailed.count
            : open.some((batch) => failedIn(batch) * 100 > maxFailed.percent * batch.length);
        expect(nextStep(standpoint).kind === 'stop').toBe(broken && released > 0);
      }),
    );
  });
});

describe('what an attempt means for the rollout', () => {
  it.each<[CauseClass, boolean, Verdict | undefined]>([
    ['timeout', false, 'unreachable'],
    ['connection_lost', false, 'unreachable'],
    ['auth', true, 'unreachable'],
    ['hostkey_changed', true, 'unreachable'],
    ['restored', false, 'failed'],
    ['unconfirmed', false, 'failed'],
    ['not_loaded', false, undefined],
    ['not_loaded', true, 'failed'],
    ['enospc', true, 'failed'],
    ['paused', true, 'held'],
    ['frozen', true, 'held'],
    ['waiting_retry', true, undefined],
    ['rival', true, undefined],
  ])('%s (pass ended: %s) is %s', (cause, ended, verdict) => {
    expect(verdictOf(failure(cause), ended)).toBe(verdict);
  });

  it('offline is never a failure, whatever the class', () => {
    const offline = Object.entries(causes).filter(([, cause]) => cause.offline);
    expect(offline.length).toBeGreaterThan(3);
    for (const [name] of offline) expect(verdictOf(failure(name as CauseClass), true)).toBe('unreachable');
  });
});
