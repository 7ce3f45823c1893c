import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { age, moment } from '../model/words.ts';

const stepMs = 10_000;
const tickers = new Set<(now: number) => void>();
window.setInterval(() => {
  const now = new Date().getTime();
  for (const tick of tickers) tick(now);
}, stepMs);

/** How long ago something was, kept true while the page is open. */
export function Ago({ at }: { readonly at: string | null | undefined }): JSX.Element {
  const [now, setNow] = useState(new Date().getTime());
  useEffect(() => {
    tickers.add(setNow);
    return () => {
      tickers.delete(setNow);
    };
  }, []);
  if (at === null || at === undefined || at === '') return <span class="quiet">never</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {age(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}
