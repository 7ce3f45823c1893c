import type { Hono } from 'hono';
import type { ControllerStatus } from '../contract/report.ts';
import type { Env } from './app.ts';

/** One thing that must be so. */
interface Check {
  readonly name: string;
  readonly ok: boolean;
}

/**
 * Codes for load balancers and supervisors; they need no token and tell nothing of the fleet. `/livez`: this process answers.
 * `/readyz` and `/healthz`: it has read its registries and may write. `/leader`: it is the one that writes.
 */
export function addProbes(app: Hono<Env>, status: () => Promise<ControllerStatus>): void {
  app.get('/livez', (context) => context.text('ok\n'));
  const ready = async (): Promise<readonly Check[]> => checksOf(await status());
  for (const path of ['/readyz', '/healthz'])
    app.get(path, async (context) => {
      const checks = await ready();
      const lines = checks.map(({ name, ok }) => `[${ok ? '+' : '-'}]${name} ${ok ? 'ok' : 'failed'}\n`);
      const isReady = checks.every(({ ok }) => ok);
      const text =
        context.req.query('verbose') === undefined ? (isReady ? 'ok\n' : 'not ready\n') : lines.join('');
      return context.text(text, isReady ? 200 : 503);
    });
  app.get('/leader', async (context) => {
    const { standing } = await status();
    return standing === 'writing' ? context.text('leader\n') : context.text(`${standing}\n`, 503);
  });
}

function checksOf({ source, standing, store }: ControllerStatus): readonly Check[] {
  return [
    { name: 'registries', ok: source.state !== 'none' },
    { name: 'term', ok: standing !== 'no-term' && standing !== 'rival' },
    { name: 'store', ok: store === null || store === undefined },
  ];
}
