import { one, type Mutant } from './mutant.ts';

/** Defects of terms and standing. */
export const termMutants: readonly Mutant[] = [
  one(
    'a-term-is-not-above-what-nodes-have-heard',
    'src/registry/term-store.ts',
    'Math.max(stored.epoch, claim.heard) + 1',
    'stored.epoch + 1',
  ),
  one(
    'the-writer-of-a-term-is-not-its-own',
    'src/reconcile/term-holder.ts',
    'writer: this.random.hex(8)',
    `writer: 'aaaaaaaaaaaaaaaa'`,
  ),
  one('the-seq-stands-still', 'src/reconcile/term-holder.ts', 'this.seq += 1;', 'this.seq = 1;'),
  one(
    'a-reasserted-term-counts-from-one-again',
    'src/reconcile/term-holder.ts',
    'this.install(known.term, used);',
    'this.install(known.term, 0);',
  ),
  one(
    'a-rival-is-ignored',
    'src/reconcile/standing.ts',
    `if (verdict === 'rival') this.stop(plan, outcome);`,
    '',
  ),
  one(
    'a-rival-counts-as-an-old-record',
    'src/reconcile/fence-verdict.ts',
    `if (input.acceptedThisTerm) return 'rival';`,
    '',
  ),
  one(
    'terms-without-end',
    'src/reconcile/fence-verdict.ts',
    `return input.retermed && input.nowMs - input.lastTermMs < newTermEveryMs ? 'wait' : 'new-term';`,
    `return 'new-term';`,
  ),
  one('a-term-before-the-registries-were-read', 'src/reconcile/engine.ts', 'this.mustHaveRead();\n', '\n'),
  one(
    'a-pause-hides-that-no-term-has-begun',
    'src/reconcile/engine.ts',
    `if (['rival', 'observing'].includes(standing.state().kind)) return false;`,
    `if (['rival', 'observing', 'paused'].includes(standing.state().kind)) return false;`,
  ),
  one(
    'a-kill-loses-an-acknowledged-pause',
    'src/store/decisions.ts',
    `    await this.writeCopy();
    await this.parts.durable.ask('pause', pause);`,
    '',
  ),
  one(
    'a-pause-is-ignored',
    'src/reconcile/standing.ts',
    `if (paused !== undefined) return { kind: 'paused', reason: paused };`,
    '',
  ),
];
