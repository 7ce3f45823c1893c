import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { RawObject } from '../../model/snapshot.ts';
import type { ReviewedCluster } from './clusters.ts';
import { LookAfter } from './look-after.ts';
import { answerTo, editOf, type Review, type ReviewedEdit } from './review.ts';

export interface ReviewerParts {
  readonly cluster: ReviewedCluster;
  /** Reads the registries now; it must not be waited for. */
  readonly look: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const sound = { errors: [], warnings: [] } as const;

/** Judges edits of the registries of one cluster before they are saved. What it cannot judge is let through: the quarantine behind it is the guarantee. */
export class Reviewer {
  readonly #parts: ReviewerParts;
  readonly #after: LookAfter;

  constructor(parts: ReviewerParts) {
    this.#parts = parts;
    this.#after = new LookAfter(parts);
  }

  /** The answer to one review. */
  answer(review: Review): object {
    const { cluster, log } = this.#parts;
    try {
      const edit = editOf(review, cluster.source.namespace, cluster.source.names);
      return edit === undefined ? answerTo(review.uid, sound) : this.#judged(review, edit);
    } catch (error) {
      log.error('an edit could not be judged and is let through', { object: review.name, error });
      return answerTo(review.uid, sound);
    }
  }

  close(): void {
    this.#after.close();
  }

  #judged(review: Review, edit: ReviewedEdit): object {
    const { cluster, log } = this.#parts;
    const judged = cluster.judge(edit);
    const { errors, matters } = judged;
    const [first] = errors;
    if (first !== undefined)
      log.info('an edit of a registry is refused', { path: first.path, errors: errors.length });
    else if (matters && !review.dryRun) this.#lookAfter(edit.after);
    return answerTo(review.uid, judged);
  }

  #lookAfter({ name, data, annotations }: RawObject): void {
    const { objects } = this.#parts.cluster;
    // The version that it will get is not known yet, but its content is.
    const wanted = textOf({ data, annotations });
    this.#after.begin(() => {
      const seen = objects()?.get(name);
      return seen !== undefined && textOf(seen) === wanted;
    });
  }
}

function textOf({ data, annotations }: Pick<RawObject, 'data' | 'annotations'>): string {
  return JSON.stringify([data, annotations].map((one) => Object.entries(one).toSorted()));
}
