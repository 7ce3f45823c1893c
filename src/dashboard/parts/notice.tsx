import type { ComponentChildren, JSX } from 'preact';
import type { Tone } from '../../contract/verdict.ts';

/** Something that has to be known, under a heading of its own. `live` says a change of it to a screen reader. */
export function Notice({
  tone,
  title,
  live = false,
  children,
}: {
  readonly tone: Exclude<Tone, 'good'>;
  readonly title: string;
  readonly live?: boolean;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <section class={`notice ${tone}`} aria-label={title} aria-live={live ? 'polite' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
