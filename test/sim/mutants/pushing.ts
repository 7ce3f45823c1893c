import { one, type Mutant } from './mutant.ts';

/** Defects of the loop, of pushing and of proving. */
export const pushMutants: readonly Mutant[] = [
  one(
    'a-node-that-comes-back-gets-the-plan-of-then',
    'src/reconcile/loop.ts',
    'const plan = this.parts.planOf(id);',
    `const known = this as unknown as { then: Map<NodeId, NodePlan | undefined> };
      known.then ??= new Map();
      const isAway = this.parts.status.get(id)?.cause === 'timeout' || this.parts.status.get(id)?.cause === 'refused';
      const plan = isAway && known.then.has(id) ? known.then.get(id) : this.parts.planOf(id);
      known.then.set(id, plan);`,
  ),
  one(
    'a-retry-reuses-the-position-of-the-attempt-before',
    'src/reconcile/reconciler.ts',
    'nextPosition: () => parts.terms.next(),',
    `nextPosition: () => {
          const kept = this as unknown as { at: Map<string, ReturnType<TermHolder['next']>> };
          kept.at ??= new Map();
          const before = kept.at.get(plan.id);
          const next = how.approach === 'check' && before?.epoch === term?.epoch && before !== undefined ? before : parts.terms.next();
          kept.at.set(plan.id, next);
          return next;
        },`,
  ),
  {
    name: 'a-rival-is-forgotten-over-an-old-record',
    edits: [
      {
        file: 'src/reconcile/standing.ts',
        search: '|| this.rival !== undefined) return',
        replace: ') return',
      },
      {
        file: 'src/reconcile/standing.ts',
        search: 'this.begun.push(term);',
        replace: 'this.begun.push(term);\n    this.rival = undefined;',
      },
    ],
  },
  {
    name: 'the-digest-proves-nothing',
    edits: [
      {
        file: 'src/push/verify.ts',
        search: 'if (receipt.after?.sha !== bundle.digest) {',
        replace: 'if (receipt.after === undefined) {',
      },
      {
        file: 'src/push/bundle-push.ts',
        search: 'if (seen.after?.sha === this.bundle.digest && !isLegacy(seen))',
        replace: 'if (seen.after !== undefined && !isLegacy(seen))',
      },
    ],
  },
  one(
    'active-without-the-consumer',
    'src/push/verify.ts',
    `if (!compared.agrees) return missed(ladder, 'not_loaded', compared.evidence);`,
    '',
  ),
  one(
    'active-whatever-the-resolver-says',
    'src/push/verify.ts',
    `    case 'bad':
      return missed(`,
    `    case 'bad':
      return { ok: true, rungs };
    case 'never':
      return missed(`,
  ),
  one(
    'any-receipt-will-do',
    'src/wire/receipt.ts',
    'const head = `{"sc":1,"nonce":"${nonce}"`;',
    'const head = nonce === "" ? "" : `{"sc":1,"nonce":"`;',
  ),
  one(
    'a-node-that-is-away-is-an-error',
    'src/status/machine.ts',
    'if (offline || neverCounted.has(cause))',
    `if (offline) return 'error';\n  if (neverCounted.has(cause))`,
  ),
  one(
    'a-lasting-failure-never-becomes-an-error',
    'src/status/machine.ts',
    'failedPasses >= passesUntilError',
    'failedPasses >= 1_000',
  ),
  one(
    'no-wait-between-attempts',
    'src/reconcile/loop.ts',
    `this.queue.addLater(id, 'retry', next.delayMs);`,
    `this.queue.addLater(id, 'retry', 1);`,
  ),
  one(
    'attempts-without-end',
    'src/reconcile/schedule.ts',
    'if (attempt < settings.attempts)',
    'if (attempt > 0)',
  ),
  one(
    'waits-never-become-short-again',
    'src/reconcile/loop.ts',
    `      case 'settled':
        this.passes.delete(id);`,
    `      case 'settled':
        this.passes.set(id, { attempt: 0, holds: 0, passes: pass.passes + 1, tried: pass.tried });`,
  ),
  one(
    'one-node-after-the-other',
    'src/reconcile/loop.ts',
    'this.running.add(work);',
    'this.running.add(work);\n      await work;',
  ),
  one(
    'two-flights-to-one-host',
    'src/reconcile/reconciler.ts',
    'await this.flights.run(flight, ',
    'await this.flights.run(`${flight} ${String(plan.id)}`, ',
  ),
  one(
    'an-edit-during-a-push-is-lost',
    'src/reconcile/queue.ts',
    'const place = this.active.has(key) ? this.again : this.ready;',
    'if (this.active.has(key)) return;\n    const place = this.ready;',
  ),
  one(
    'a-return-is-noticed-and-forgotten',
    'src/compose/loop.ts',
    `    onReturn: (id) => {
      loop.queue.add(id, 'change');
    },`,
    '    onReturn: () => undefined,',
  ),
  one(
    'the-hourly-look-sees-nobody',
    'src/reconcile/engine.ts',
    `for (const id of this.ids()) this.parts.loop.queue.add(id, 'look');`,
    '',
  ),
  one(
    'a-status-stays-in-memory',
    'src/status/write-back.ts',
    'else if (!current.hint && !sameFields(previous, current)) this.mark(id);',
    '',
  ),
];
