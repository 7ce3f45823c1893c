import type { JSX } from 'preact';

/** An address that names no view. */
export function Nowhere(): JSX.Element {
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        <a href="#/">Back to the fleet</a>
      </p>
    </section>
  );
}
