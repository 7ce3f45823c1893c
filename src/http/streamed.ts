import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamLine } from '../contract/routes.ts';
import type { Handling } from './handlers.ts';
import { shown } from './shown.ts';
import { problemOf } from './problem.ts';

/** Answers with lines of JSON while the work goes on. A client that goes away is no failure; what it asked for goes on. */
export function streamed(context: Context, handle: Handling, aliveMs: number): Response {
  context.header('content-type', 'application/x-ndjson');
  context.header('cache-control', 'no-store');
  return stream(context, async (out) => {
    const tell = (line: StreamLine): void => {
      if (!out.aborted && !out.closed)
        void out.write(`${JSON.stringify(shown(line))}\n`).catch(() => undefined);
    };
    tell({ type: 'alive' });
    const pulse = setInterval(() => {
      tell({ type: 'alive' });
    }, aliveMs);
    try {
      const answer = await handle((report) => {
        tell({ type: 'node', report });
      });
      tell({ type: 'end', answer });
    } catch (error) {
      tell({ type: 'problem', problem: problemOf(error).problem });
    } finally {
      clearInterval(pulse);
    }
  });
}
