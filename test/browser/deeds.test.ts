import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { includes } from '../../src/contract/access.ts';
import { routes, type RouteName } from '../../src/contract/routes.ts';
import { csrfHeader } from '../../src/contract/session.ts';
import { withQuery } from '../../src/lib/query.ts';
import { serve, whoHolds } from '../e2e/hosts-rig.ts';
import { until, type Rig } from '../e2e/rig.ts';
import { bodies } from '../http/bodies.ts';
import { closeBrowser, titled } from './browser.ts';
import { everywhere, missing, patient, startWatched, type Watched } from './daemon-page.ts';
import { tabTo } from './keyboard.ts';

const all = 'wa wb wc';

describe.skipIf(missing !== undefined)(titled('what somebody does on the dashboard of real nodes'), () => {
  let watched: Watched;
  let rig: Rig;
  beforeAll(async () => {
    watched = await startWatched('retry:\n  attempts: 2\n  delayMs: 200\n');
    ({ rig } = watched);
  }, 180_000);
  afterAll(async () => {
    await closeBrowser();
    await watched.stop();
  });

  it('freezes a node for a time with a reason, shows both, and thaws it', async () => {
    const { go, sees, misses, press } = await watched.visit();
    await sees(everywhere);
    await go('#/nodes/wb');
    await press('Freeze', { why: 'disk is changed', choice: 'four hours' });
    await sees(/^wb: frozen by admin-\d+, disk is changed, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\./u);
    await sees('syncctl unfreeze wb');
    serve(rig, 'wiki');
    await until('the others have it', () => whoHolds(rig, 'wiki') === 'wa wc');
    await go('#/');
    await sees('Not everywhere: live on 2 of 3 nodes; 1 is held back.');
    await sees(/frozen by admin-\d+, disk is changed, until/u);
    await go('#/nodes/wb');
    await sees(/^frozen by admin-\d+ since/u);
    await press('Unfreeze', { why: 'the disk is in' });
    await misses(/^wb: frozen by/u);
    await go('#/');
    await sees(everywhere);
    expect(whoHolds(rig, 'wiki')).toBe(all);
    const deeds = await watched.audit();
    expect(deeds).toContainEqual(expect.objectContaining({ who: 'admin-1', action: 'session open' }));
    expect(deeds.find(({ why }) => why === 'disk is changed')).toMatchObject({ action: 'freeze' });
    expect(deeds.find(({ why }) => why === 'the disk is in')).toMatchObject({ action: 'unfreeze' });
  });

  it('shows what an approval would take away before it is given, and only then takes it away', async () => {
    const { page, sees, press } = await watched.visit();
    const many = ['blog', 'chat', 'files', 'mail', 'media', 'shop'];
    serve(rig, ...many);
    await until('all have them', () => whoHolds(rig, 'shop') === all);
    serve(rig);
    await sees('1 removal withheld until somebody approves');
    await page.getByRole('link', { name: 'Look at the plan, then approve' }).click();
    await sees('Nothing would change');
    await page.getByLabel('Show the plan as though it were approved').check();
    await sees('3 nodes would change');
    await page
      .getByRole('group', { name: 'What would change' })
      .getByText('shop.testcloud.local')
      .waitFor(patient);
    expect(whoHolds(rig, 'shop')).toBe(all);
    await press('Approve', { why: 'they have moved' });
    await until('they are gone', () => whoHolds(rig, 'shop') === '');
    await sees('Nothing would change');
    expect(await page.getByText('Withheld removals').count()).toBe(0);
    expect((await watched.audit()).find(({ why }) => why === 'they have moved')?.action).toBe('approve');
  });

  it('pushes by keyboard alone, from the sign-in to the verified node', async () => {
    const { page } = await watched.visit();
    await rig.node(1).run("sed -i '/demo.testcloud.local/d' /etc/hosts");
    expect(whoHolds(rig, 'demo')).toBe('wa wc');
    const token = await watched.mint('keys', 'operator');
    await tabTo(page, 'Sign out');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Token' }).waitFor();
    await tabTo(page, 'Token');
    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    await tabTo(page, 'Plan');
    await page.keyboard.press('Enter');
    await page.getByText('1 node would change').waitFor(patient);
    await tabTo(page, 'Push to 1 node');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Why (for the audit, may be left out)');
    await page.keyboard.type('no mouse here');
    await page.keyboard.press('Enter');
    await page.getByText('wb: verified').waitFor(patient);
    await expect.poll(() => page.getByRole('dialog').count(), patient).toBe(0);
    await page.getByText('Nothing would change').waitFor(patient);
    expect(whoHolds(rig, 'demo')).toBe(all);
    expect((await watched.audit()).find(({ why }) => why === 'no mouse here')).toMatchObject({ who: 'keys' });
  });

  it.each(['viewer', 'operator'] as const)(
    'refuses a %s whatever its role does not include, also where the page is made to ask for it',
    async (role) => {
      const { page, sees } = await watched.visit({}, role);
      await sees(everywhere);
      const before = (await watched.audit()).filter(({ action }) => !action.startsWith('session '));
      const forbidden = Object.entries(routes).filter(([, route]) => !includes(role, route.role));
      expect(forbidden.length).toBeGreaterThan(5);
      for (const [name, { method, path }] of forbidden) {
        const asked = method === 'GET' ? withQuery(path, bodies[name as RouteName] ?? {}) : path;
        const body = method === 'GET' ? undefined : JSON.stringify(bodies[name as RouteName] ?? {});
        const status = await page.evaluate(forged, { path: asked, method, body, csrfHeader });
        expect([name, status]).toEqual([name, 403]);
      }
      expect((await watched.audit()).filter(({ action }) => !action.startsWith('session '))).toEqual(before);
      expect(whoHolds(rig, 'demo')).toBe(all);
    },
  );

  it('says that another controller writes, stops, and goes on once somebody takes the term', async () => {
    const { sees, misses, press } = await watched.visit();
    await sees(everywhere);
    const other = {
      SYNC_CONTROLLER_DAEMON_STATE_DIRECTORY: join(rig.folder, 'other-state'),
      SYNC_CONTROLLER_DAEMON_RUNTIME_DIRECTORY: join(rig.folder, 'other-run'),
    };
    expect((await rig.syncctl(['push'], { env: other })).code).toBe(0);
    serve(rig, 'contested');
    await sees('Another controller writes to the nodes, so this one has stopped');
    expect(whoHolds(rig, 'contested')).toBe('');
    await press('Take the term', { why: 'the other one is retired' });
    await misses('Another controller writes to the nodes, so this one has stopped');
    await sees(everywhere);
    expect(whoHolds(rig, 'contested')).toBe(all);
    expect((await watched.audit()).find(({ why }) => why === 'the other one is retired')?.action).toBe(
      'term take',
    );
  });

  it('takes a rollout back half-way, pins it, unpins it, and stops it where it is', async () => {
    const { page, go, sees, press } = await watched.visit();
    const said = watched.daemon.said().length;
    appendFileSync(rig.settings, 'rollout:\n  batches: [1, "100%"]\n  soakMs: 3600000\n');
    watched.daemon.process.kill('SIGHUP');
    await until('the settings are taken over', () =>
      watched.daemon.said().includes('settings read again', said),
    );
    await go('#/rollout');
    serve(rig, 'wiki');
    await sees('The batch is being watched before the next one.');
    expect(whoHolds(rig, 'wiki')).toBe('wa');
    await go('#/');
    await sees('Not everywhere: live on 1 of 3 nodes; 2 wait for their turn.');
    await sees(/^revision \w{12} waits for its turn: its batch is 2 of 2; the rollout is running$/u);
    // Everybody who is asked says the same.
    const told = 'Not everywhere: live on 1 of 3 nodes; 2 wait for their turn.';
    expect((await rig.syncctl(['health'])).stdout).toContain(`Live: ${told}`);
    expect((await rig.syncctl(['status'])).stdout).toMatch(new RegExp(`^Live:? +${told}$`, 'mu'));
    const headers = { authorization: `Bearer ${await watched.mint('prometheus', 'viewer')}` };
    const metrics = await (await fetch(`${watched.url}/metrics`, { headers })).text();
    expect(metrics).toMatch(/^sync_controller_nodes_live 1$/mu);
    expect(metrics).toMatch(/^sync_controller_nodes_waiting 2$/mu);
    const asked = await (await fetch(`${watched.url}/api/v1/status`, { headers })).json();
    expect(asked).toMatchObject({ liveness: { nodes: 3, live: 1, waiting: 2, answer: told } });
    await go('#/rollout');
    await press('Take back', { why: 'the wiki is broken' });
    await sees(/was taken back and is pinned/u);
    await until('it is gone again', () => whoHolds(rig, 'wiki') === '');
    await go('#/');
    await sees('No: the newest revision was taken back, and the last good one is in place.');
    await go('#/rollout');
    await press('Unpin', { why: 'the wiki is mended' });
    await sees('The batch is being watched before the next one.');
    await until('the first batch has it', () => whoHolds(rig, 'wiki') === 'wa');
    await press('Stop here', { why: 'one is enough for now' });
    await sees(/has stopped and is pinned; nodes that have it keep it/u);
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    expect(whoHolds(rig, 'wiki')).toBe('wa');
    const deeds = await watched.audit();
    expect(deeds.slice(0, 3).map(({ action, why }) => [action, why])).toEqual([
      ['rollout abort --hold', 'one is enough for now'],
      ['unpin', 'the wiki is mended'],
      ['rollout abort', 'the wiki is broken'],
    ]);
  });
});

interface Forged {
  readonly path: string;
  readonly method: string;
  readonly body: string | undefined;
  readonly csrfHeader: string;
}

/** Runs in the page: asks as its own script would, with its cookie and the token that it has read. */
async function forged({ path, method, body, csrfHeader: header }: Forged): Promise<number> {
  const session = (await (await fetch('/api/v1/session')).json()) as { csrf: string };
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'content-type': 'application/json', [header]: session.csrf },
  });
  return response.status;
}
