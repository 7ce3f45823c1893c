import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const chunkSize = 40;
/** What a row takes until it was measured. */
const rowHeight = 47;
/** Drawn before it comes into sight, so that nobody sees it come. */
const margin = '800px 0px';

/** A list of any length, of which only what is near the eye is drawn. Each item is told where in the whole it stands. */
export function LongList<T>({
  items,
  keyOf,
  children,
}: {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly children: (item: T) => JSX.Element;
}): JSX.Element {
  const starts = Array.from({ length: Math.ceil(items.length / chunkSize) }, (_, at) => at * chunkSize);
  return (
    <div class="rows" role="list">
      {starts.map((start) => (
        <Chunk key={start} size={Math.min(chunkSize, items.length - start)} first={start === 0}>
          {() =>
            items.slice(start, start + chunkSize).map((item, at) => (
              <div
                role="listitem"
                aria-posinset={start + at + 1}
                aria-setsize={items.length}
                key={keyOf(item)}
              >
                {children(item)}
              </div>
            ))
          }
        </Chunk>
      ))}
    </div>
  );
}

interface ChunkProps {
  readonly size: number;
  readonly first: boolean;
  readonly children: () => readonly JSX.Element[];
}

function Chunk({ size, first, children }: ChunkProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const heights = useRef(rowHeight);
  const [near, setNear] = useState(first);
  useEffect(() => {
    const watched = place.current;
    if (watched === null) return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        // Its height is kept while it is away, so that nothing jumps.
        if (!entry.isIntersecting && watched.childElementCount > 0)
          heights.current = watched.offsetHeight / watched.childElementCount;
        // Whatever has the focus stays.
        setNear(entry.isIntersecting || watched.contains(document.activeElement));
      },
      { rootMargin: margin },
    );
    observer.observe(watched);
    return () => {
      observer.disconnect();
    };
  }, []);
  return (
    <div
      role="presentation"
      ref={place}
      style={near ? { height: '' } : { height: `${String(heights.current * size)}px` }}
    >
      {near ? children() : null}
    </div>
  );
}
