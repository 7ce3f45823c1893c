import type { JSX } from 'preact';
import type { DiffLine } from '../model/change-lines.ts';

const words = { '+': 'added', '-': 'removed' } as const;
const most = 400;

/** Lines that came and went. The sign tells as much as the colour. */
export function Diff({
  lines,
  label,
}: {
  readonly lines: readonly DiffLine[];
  readonly label: string;
}): JSX.Element {
  const more = lines.length - most;
  return (
    <div class="diff" role="group" aria-label={label} tabIndex={0}>
      {lines.slice(0, most).map(({ sign, text }, at) =>
        sign === '@' ? (
          <div class="hunk" key={at}>
            {text}
          </div>
        ) : (
          <div class={sign === '+' ? 'added' : sign === '-' ? 'removed' : ''} key={at}>
            <span
              class="diff-sign"
              aria-label={sign === ' ' ? undefined : words[sign]}
              role={sign === ' ' ? undefined : 'img'}
            >
              {sign}
            </span>
            {text}
          </div>
        ),
      )}
      {more > 0 ? <div class="hunk">… and {more} more lines</div> : null}
    </div>
  );
}
