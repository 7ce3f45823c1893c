import type { JSX } from 'preact';
import type { Tone } from '../../contract/verdict.ts';
import { ToneSign } from './state-mark.tsx';

/** The first thing that a view says: how it stands, with its sign; a change of it is said to a screen reader. */
export function Heading({ tone, text }: { readonly tone: Tone; readonly text: string }): JSX.Element {
  return (
    <h1 class={`verdict ${tone}`}>
      <ToneSign tone={tone} /> <span aria-live="polite">{text}</span>
    </h1>
  );
}
