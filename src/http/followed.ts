import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Env } from './actor.ts';
import type { Feed, Numbered } from './feed.ts';

const pulseMs = 15_000;
/** How long a listener may go on whose token was revoked. */
const recheckMs = 2_000;
/** Events that wait for one slow reader; beyond them it is let go, and reads everything anew when it returns. */
const mostWaiting = 20_000;

/** Answers with events until the other side leaves. */
export function followed(context: Context<Env>, feed: Feed): Response {
  const { isLive = () => true } = context.get('caller');
  const after = context.req.header('last-event-id');
  context.header('x-accel-buffering', 'no');
  return streamSSE(context, async (out) => {
    const waiting: (readonly Numbered[])[] = [];
    let count = 0;
    let stir = Promise.withResolvers<undefined>();
    const leave = await feed.follow(after, (events) => {
      // Whoever does not read is let go here: the loop below stands at the write that is not taken.
      if (count + events.length > mostWaiting) out.abort();
      else waiting.push(events);
      count += events.length;
      stir.resolve(undefined);
    });
    const pulse = setInterval(() => {
      // A comment: it keeps the way open, and shows a side that is gone.
      void out.write(': alive\n\n').catch(() => undefined);
    }, pulseMs);
    const recheck = setInterval(() => {
      if (!stillLive(isLive)) out.abort();
    }, recheckMs);
    out.onAbort(() => {
      stir.resolve(undefined);
    });
    try {
      while (!out.aborted && !out.closed) {
        const next = waiting.shift();
        if (next !== undefined) {
          if (!stillLive(isLive)) break;
          await out.write(textOf(next));
          count -= next.length;
          continue;
        }
        await stir.promise;
        stir = Promise.withResolvers<undefined>();
      }
    } finally {
      clearInterval(pulse);
      clearInterval(recheck);
      leave();
    }
  });
}

const texts = new WeakMap<readonly Numbered[], string>();

/** Events as they are sent. All listeners get the same ones, so they are written out once; their data is JSON of one line. */
function textOf(events: readonly Numbered[]): string {
  const known = texts.get(events);
  if (known !== undefined) return known;
  const text = events.map(({ id, event, data }) => `event: ${event}\ndata: ${data}\nid: ${id}\n\n`).join('');
  texts.set(events, text);
  return text;
}

/** Where tokens cannot be told apart any more, nobody is. */
function stillLive(isLive: () => boolean): boolean {
  try {
    return isLive();
  } catch {
    return false;
  }
}
