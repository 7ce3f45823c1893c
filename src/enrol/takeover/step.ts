import type { AdoptionJournal } from './journal.ts';

/** One step of an adoption. `look` is kept before `run` changes anything; `run` may be repeated; `revert` brings `look` back. */
export interface AdoptionStep {
  readonly id: string;
  readonly what: string;
  /** The command that takes this step alone back. */
  readonly undo: string;
  /** What stands there, as JSON. */
  readonly look: () => Promise<unknown>;
  readonly run: (before: unknown) => Promise<StepResult>;
  /** True where nothing is left to do, whatever the journal says. */
  readonly stands: () => Promise<boolean>;
  readonly revert: (before: unknown) => Promise<StepResult>;
}

/** `waits`: it could not be done now, and another run does it; the others go on. */
export interface StepResult {
  readonly result: 'done' | 'waits';
  readonly remark?: string;
}

export const done: StepResult = { result: 'done' };

/** What became of a step, as it is told. */
export interface StepTold {
  readonly step: string;
  readonly what: string;
  readonly result: 'done' | 'was-so' | 'waits' | 'undone';
  readonly remark: string | null;
  readonly undo: string | null;
}

/** Does every step that is not done, in order; the journal knows of each before it begins. */
export async function runSteps(
  steps: readonly AdoptionStep[],
  journal: AdoptionJournal,
  tell: (told: StepTold) => void,
): Promise<readonly StepTold[]> {
  const all: StepTold[] = [];
  for (const step of steps) {
    const told = await runStep(step, journal);
    tell(told);
    all.push(told);
  }
  return all;
}

async function runStep(step: AdoptionStep, journal: AdoptionJournal): Promise<StepTold> {
  const { id, what, undo } = step;
  const known = journal.of(id);
  if (known?.state === 'done' && (await step.stands()))
    return { step: id, what, result: 'was-so', remark: null, undo };
  // A look that failed the first time has changed nothing: the next one counts.
  const isNew = known === undefined || known.state === 'undone' || known.before === null;
  const begun = await journal.begin({ id, what, undo, before: isNew ? await step.look() : known.before });
  const { result, remark } = await step.run(begun.before);
  if (result === 'done') await journal.mark(id, 'done');
  return { step: id, what, result, remark: remark ?? null, undo };
}

/** Takes back every step that was begun, the last first. A step that cannot be taken back now stays in the journal for the next run. */
export async function revertSteps(
  steps: readonly AdoptionStep[],
  journal: AdoptionJournal,
  tell: (told: StepTold) => void,
): Promise<readonly StepTold[]> {
  const all: StepTold[] = [];
  for (const kept of journal.deeds.toReversed()) {
    if (kept.state === 'undone') continue;
    const step = steps.find(({ id }) => id === kept.id);
    const { result, remark } =
      step === undefined
        ? { result: 'waits' as const, remark: 'nothing here knows this step' }
        : await step.revert(kept.before);
    if (result === 'done') await journal.mark(kept.id, 'undone');
    const told: StepTold = {
      step: kept.id,
      what: kept.what,
      result: result === 'done' ? 'undone' : 'waits',
      remark: remark ?? null,
      undo: null,
    };
    tell(told);
    all.push(told);
  }
  return all;
}
