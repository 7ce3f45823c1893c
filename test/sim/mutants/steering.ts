import { one, type Mutant } from './mutant.ts';

/** Defects of rollouts, freezes and confirmations. */
export const steeringMutants: readonly Mutant[] = [
  {
    name: 'a-batch-is-judged-by-what-was-active-before',
    edits: [
      {
        file: 'src/plan/rollout-step.ts',
        search: `.filter((id) => !at.verdicts.has(id));`,
        replace: `.filter((id) => id === '');`,
      },
      {
        file: 'src/plan/rollout-step.ts',
        search: `if (current.some((id) => verdicts.get(id) === 'ok')) return true;`,
        replace: `if (current.every((id) => verdicts.get(id) !== 'failed')) return true;`,
      },
    ],
  },
  one(
    'a-revision-that-failed-goes-on',
    'src/plan/rollout-step.ts',
    'if (broken !== undefined) return broken;',
    '',
  ),
  one(
    'a-stopped-revision-is-pushed-on',
    'src/plan/rollout-record.ts',
    `if (!isOpen(record) || turn === undefined) return { plan: newest, gets: 'new' };`,
    `if (!isOpen(record) || turn === undefined || isPinned(record)) return { plan: newest, gets: 'new' };`,
  ),
  one(
    'a-pin-is-forgotten-at-a-restart',
    'src/store/rollouts.ts',
    'this.known = (copied?.number ?? 0) > (stored?.number ?? 0) ? copied : stored;',
    'this.known = copied === undefined ? stored : undefined;',
  ),
  one(
    'the-rows-of-a-machine-come-one-by-one',
    'src/reconcile/rollout-view.ts',
    'this.turns = turnsByMachine(this.kept.batches);',
    'this.turns = new Map(this.kept.batches.flatMap((batch, turn) => batch.map((id): [NodeId, number] => [id, turn])));',
  ),
  one(
    'a-restore-goes-under-an-old-seq',
    'src/push/bundle-push.ts',
    `          position: this.context.nextPosition(),
          document: Buffer.from(fallback),`,
    `          position: { ...this.context.nextPosition(), seq: 1 },
          document: Buffer.from(fallback),`,
  ),
  one(
    'a-freeze-does-not-hold-who-comes-back',
    'src/compose/loop.ts',
    'const paused = durables.decisions.pausedBy(id);',
    `const held = durables.decisions.pausedBy(id);
  const paused = held?.startsWith('frozen') === true ? undefined : held;`,
  ),
  one(
    'the-end-of-a-freeze-is-not-noticed',
    'src/reconcile/thaw.ts',
    'if (!scopes.has(gone.scope) && this.isOver(gone)) onEnd(gone);',
    'void [gone, onEnd];',
  ),
  one(
    'a-change-is-never-confirmed',
    'src/push/confirm.ts',
    `const answer = await call(lane, { mode: 'confirm', kind, position, fresh: true }, signal);`,
    `if (verified.ok) return verified;
  const answer = await call(lane, { mode: 'confirm', kind, position, fresh: true }, signal);`,
  ),
  one(
    'a-change-is-confirmed-over-the-old-connection',
    'src/push/confirm.ts',
    `{ mode: 'confirm', kind, position, fresh: true }`,
    `{ mode: 'confirm', kind, position }`,
  ),
  one(
    'a-lost-confirmation-is-no-matter',
    'src/push/confirm.ts',
    `if (isFailed(answer))
    return { ...lost,`,
    `if (isFailed(answer)) return verified;
  if (isFailed(answer))
    return { ...lost,`,
  ),
];
