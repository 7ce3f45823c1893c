import type { JSX } from 'preact';
import { ApiProblem } from '../api.ts';
import { Remedy } from './command.tsx';

/** What went wrong, and what to do. */
export function Failure({ error }: { readonly error: unknown }): JSX.Element {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div class="notice bad" role="alert">
      <p>{message}</p>
      {error instanceof ApiProblem && error.remedy !== undefined ? (
        <p>
          <Remedy text={error.remedy} />
        </p>
      ) : null}
    </div>
  );
}
