import type { Call } from '../call.ts';

/** One thing that setting up does: what it is, and the command that takes it back. */
export interface Deed {
  readonly name: string;
  /** In the imperative: `write /etc/sync-controller/config.yaml`. */
  readonly what: string;
  readonly undo: string;
  /** Bytes that are written, as they are shown before. */
  readonly shows?: string;
  readonly run: () => Promise<void>;
}

/** Something that is there already, or that this machine cannot have. */
export interface Kept {
  readonly name: string;
  readonly kept: string;
}

/** What became of a deed, as the report has it. */
export interface Done {
  readonly step: string;
  readonly result: 'done' | 'kept' | 'planned';
  readonly what: string;
  readonly undo: string | null;
}

/** Shows everything that will be done, with the bytes that will be written. */
export function shownDeeds(deeds: readonly (Deed | Kept)[]): readonly string[] {
  return deeds.flatMap((deed) =>
    'kept' in deed
      ? [`  =  ${deed.kept}`]
      : [
          `  +  ${deed.what}`,
          ...(deed.shows === undefined ? [] : deed.shows.trimEnd().split('\n')).map(
            (line) => `       ${line}`,
          ),
        ],
  );
}

/** Does one thing after the other; each says what it did and how it is taken back, so that a failure leaves no riddle. */
export async function runDeeds(call: Call, deeds: readonly (Deed | Kept)[]): Promise<readonly Done[]> {
  const done: Done[] = [];
  for (const deed of deeds) {
    if ('kept' in deed) {
      done.push({ step: deed.name, result: 'kept', what: deed.kept, undo: null });
      continue;
    }
    await deed.run();
    call.note('success', deed.what);
    call.note('info', `To undo: ${deed.undo}`);
    done.push({ step: deed.name, result: 'done', what: deed.what, undo: deed.undo });
  }
  return done;
}
