import type { HistoryRecorder } from './history.ts';
import type { NewPush } from '../store/history/records.ts';
import type { SeenRevision } from '../store/history/recorder.ts';

/** Who else wants to hear what the history is told. */
export interface Observer {
  revision(seen: SeenRevision): void;
  push(push: NewPush): void;
  /** A failure of the observer: nobody else hears of it. */
  onFailure(error: unknown): void;
}

/** The same recorder, whose revisions and pushes an observer hears after it. */
export function observing<R extends HistoryRecorder>(recorder: R, observer: Observer): R {
  const told = (tell: () => void): void => {
    try {
      tell();
    } catch (error) {
      // The loop pushes on, whatever becomes of the counting.
      observer.onFailure(error);
    }
  };
  const hears: Pick<HistoryRecorder, 'revision' | 'push'> = {
    revision: (seen) => {
      recorder.revision(seen);
      told(() => {
        observer.revision(seen);
      });
    },
    push: (push) => {
      recorder.push(push);
      told(() => {
        observer.push(push);
      });
    },
  };
  // Everything else stays the recorder's own, called on itself: whatever a recorder can do besides, it still can.
  return new Proxy(recorder, {
    get: (target, name) => {
      if (name === 'revision' || name === 'push') return hears[name];
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
