import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure } from './failure.tsx';

// A push to a thousand nodes changes them twice a second: what is computed from all of them follows at a walk.
const restMs = 2_000;

interface LoadedProps<T> {
  readonly load: () => Promise<T>;
  readonly on: readonly unknown[];
  readonly beat?: unknown;
  readonly what: string;
  readonly children: (value: T, again: () => void) => JSX.Element;
}

interface Got<T> {
  readonly value?: T;
  readonly error?: unknown;
}

/** A part of the page that asks the API: at once where one of `on` changes, and soon where `beat` does. What was there stays until the new answer is. */
export function Loaded<T>({ what, children, ...asking }: LoadedProps<T>): JSX.Element {
  const { got, again } = useAnswer(asking);
  return (
    <>
      {got.error === undefined ? null : (
        <>
          <Failure error={got.error} />
          <button type="button" onClick={again}>
            Try again
          </button>
        </>
      )}
      {got.value === undefined && got.error === undefined ? (
        <p class="quiet" role="status">
          Reading {what} …
        </p>
      ) : null}
      {got.value === undefined ? null : children(got.value, again)}
    </>
  );
}

function useAnswer<T>({ load, on, beat }: Pick<LoadedProps<T>, 'load' | 'on' | 'beat'>): {
  readonly got: Got<T>;
  readonly again: () => void;
} {
  const [got, setGot] = useState<Got<T>>({});
  const [turn, setTurn] = useState(0);
  const asked = useRef(-restMs);
  const was = useRef<readonly unknown[]>([]);
  useEffect(() => {
    let wanted = true;
    const take = (next: (before: Got<T>) => Got<T>): void => {
      if (wanted) setGot(next);
    };
    const ask = (): void => {
      asked.current = performance.now();
      load().then(
        (value) => {
          take(() => ({ value }));
        },
        (error: unknown) => {
          take((before) => ({ ...before, error }));
        },
      );
    };
    const isSame = on.every((one, at) => one === was.current[at]);
    was.current = on;
    const restLeft = Math.max(0, asked.current + restMs - performance.now());
    const timer = window.setTimeout(ask, isSame ? restLeft : 0);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [...on, beat, turn]);
  const again = (): void => {
    asked.current = -restMs;
    setTurn((before) => before + 1);
  };
  return { got, again };
}
