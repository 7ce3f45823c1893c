import { describe, expect, it, onTestFinished } from 'vitest';
import { readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fleetAvailable } from '../fleet/availability.ts';
import { mint, openApi, post, type Open } from './api-rig.ts';
import { hasStarted, startRig } from './rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available
  ? 'the API of a daemon with real nodes'
  : `the API (skipped: ${possible.reason})`;

async function opened(): Promise<Open> {
  const open = await openApi();
  onTestFinished(() => open.rig.stop());
  return open;
}

describe.skipIf(!possible.available)(title, () => {
  it('lets a token push, hold and see as far as its role goes, in its own name, until it is revoked', async () => {
    const { rig, url, said } = await opened();
    const ada = await mint(rig, 'ada', 'operator');
    const pushed = await post(url, 'push', ada, {
      takeOver: false,
      actor: { who: 'root', reason: 'a test' },
    });
    const lines = (await pushed.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({
      type: 'end',
      answer: { kind: 'PushReport', verified: 2, failed: 0 },
    });
    expect((await post(url, 'pause', ada, { node: 'worker', actor: { reason: 'by hand' } })).status).toBe(
      200,
    );
    expect((await rig.syncctl(['health'])).stdout).toMatch(/worker.*ada|ada.*worker/su);
    expect((await post(url, 'resume', ada, { node: 'worker' })).status).toBe(200);
    expect((await post(url, 'term/take', ada, {})).status).toBe(403);
    expect((await post(url, 'tokens/mint', ada, { name: 'more', role: 'admin' })).status).toBe(403);
    const listed = await rig.syncctl(['token', 'list', '-o', 'json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ tokens: [{ name: 'ada', role: 'operator' }] });
    expect(said() + listed.stdout).not.toContain(ada);
    expect((await rig.syncctl(['token', 'revoke', 'ada'])).code).toBe(0);
    expect((await post(url, 'push', ada, { takeOver: false })).status).toBe(401);
  });

  it('keeps tokens over a restart, and makes and ends them without a daemon', async () => {
    const rig = await startRig({ nodes: [{ type: 'worker_nodes', name: 'worker' }] });
    onTestFinished(() => rig.stop());
    const secret = await mint(rig, 'early', 'viewer');
    const again = await rig.syncctl(['token', 'create', 'early', '--role', 'viewer']);
    expect([again.code, again.stderr]).toEqual([75, expect.stringContaining('which is taken')]);
    writeFileSync(
      rig.settings,
      readFileSync(rig.settings, 'utf8').replace('listen: off', "listen: '127.0.0.1:0'"),
    );
    const daemon = rig.daemon();
    await hasStarted(daemon);
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/u.exec(daemon.said()) ?? [];
    const headers = { authorization: `Bearer ${secret}` };
    expect((await fetch(`${url}/api/v1/status`, { headers })).status).toBe(200);
    await daemon.stop();
    expect((await rig.syncctl(['token', 'revoke', 'early'])).code).toBe(0);
    expect((await rig.syncctl(['token', 'revoke', 'early'])).code).toBe(66);
  });

  it('tells Prometheus of the fleet, in a text that promtool takes, and its probes say who leads', async () => {
    const { rig, url } = await opened();
    const headers = { authorization: `Bearer ${await mint(rig, 'prometheus', 'viewer')}` };
    const codes = ['/livez', '/readyz', '/healthz', '/leader'].map(
      async (path) => (await fetch(`${url}${path}`)).status,
    );
    expect(await Promise.all(codes)).toEqual([200, 200, 200, 200]);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const scraped = async (): Promise<string> => (await fetch(`${url}/metrics`, { headers })).text();
    await expect
      .poll(scraped, { timeout: 30_000 })
      .toMatch(/^sync_controller_nodes\{[^}]*state="active"[^}]*\} 2$/mu);
    const text = await scraped();
    expect(text).toMatch(/^sync_controller_is_leader 1$/mu);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([checked.status, checked.stderr]).toEqual([0, '']);
  });
});
