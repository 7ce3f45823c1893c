import type { Hono, MiddlewareHandler } from 'hono';
import type { Env } from './app.ts';
import type { Scrape } from './metrics/metrics.ts';

/** Serves what Prometheus asks for, behind the guards that the settings name. */
export function addMetrics(
  app: Hono<Env>,
  guards: readonly MiddlewareHandler<Env>[],
  scrape: () => Promise<Scrape>,
): void {
  app.use('/metrics', ...guards);
  app.get('/metrics', async (context) => {
    const { contentType, body } = await scrape();
    return context.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' });
  });
}
