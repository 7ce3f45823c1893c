import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, whoHolds } from '../e2e/hosts-rig.ts';
import { until, type Rig } from '../e2e/rig.ts';
import { axeFindings, closeBrowser, expectNoSidewaysScroll, titled } from './browser.ts';
import { everywhere, missing, patient, startWatched, type Seat, type Watched } from './daemon-page.ts';

describe.skipIf(missing !== undefined)(titled('the dashboard of a daemon with real nodes'), () => {
  let watched: Watched;
  let rig: Rig;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    watched = await startWatched(
      'rollout:\n  batches: [1, "100%"]\n  soakMs: 500\nretry:\n  attempts: 2\n  delayMs: 200\n',
    );
    ({ rig } = watched);
  }, 180_000);
  afterAll(async () => {
    await closeBrowser();
    await watched.stop();
  });

  const sees = (text: string | RegExp) => seat.sees(text);
  const go = (hash: string) => seat.go(hash);
  const press = (name: string | RegExp, why = 'a test') => seat.press(name, { why });
  /** A page of its own for each test, signed in anew. */
  const renewed = async (...how: Parameters<Watched['visit']>): Promise<void> => {
    seat = await watched.visit(...how);
    ({ page } = seat);
  };

  it('answers whether it is live everywhere, and shows a push as it goes', async () => {
    await renewed({}, 'admin', 'ada');
    await sees(everywhere);
    serve(rig, 'wiki');
    await sees(/^Not everywhere/u);
    await sees(everywhere);
    expect(whoHolds(rig, 'wiki')).toBe('wa wb wc');
    expect(seat.complaints).toEqual([]);
  });

  it('shows a bad edit with its path, while the good entries stay live', async () => {
    await renewed();
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      ...services,
      wiki: { ...services['wiki'], port: 99_999 },
    }));
    await sees('service-registry/services.json/wiki/port');
    await sees(/expected a whole number from 1 to 65535, got 99999/u);
    await sees(everywhere);
    expect(await axeFindings(page)).toEqual([]);
    serve(rig, 'wiki');
    await expect
      .poll(() => page.getByText('service-registry/services.json/wiki/port').count(), patient)
      .toBe(0);
  });

  it('pauses a rollout between its batches, and resumes it', async () => {
    await renewed();
    await go('#/rollout');
    // The first batch has one node: while that is away, the rollout waits for it.
    await rig.node(0).unplug();
    serve(rig, 'wiki', 'blog');
    await sees(
      /^(?:It waits for wa|More nodes are away than may be: wa|Nobody of the batch has answered yet: wa)\.$/u,
    );
    await press('Pause', 'lunch');
    await sees(/is paused: no further batch is released/u);
    await rig.node(0).plug();
    await sees('1 of 1 node');
    expect(whoHolds(rig, 'blog')).toBe('wa');
    await press('Resume');
    await sees('No rollout is under way');
    expect(whoHolds(rig, 'blog')).toBe('wa wb wc');
    const deed = (await watched.audit()).find(({ why }) => why === 'lunch');
    expect([deed?.action, deed?.who]).toEqual(['rollout pause', expect.stringMatching(/^admin-\d+$/u)]);
  });

  it('rolls back to an earlier revision after it has shown what goes', async () => {
    await renewed();
    await go('#/timeline');
    await page.locator('a.revision').nth(1).click(patient);
    await sees(/^What changed after/u);
    await page.getByRole('button', { name: /^Roll back to/u }).click();
    await page.getByRole('dialog').getByText('service-registry/services.json/blog').waitFor(patient);
    await page.keyboard.press('Escape');
    await press(/^Roll back to/u, 'the blog is not ready');
    await until('the blog is gone', () => whoHolds(rig, 'blog') === '', 60_000);
    await sees('rollback to R');
    await sees('the blog is not ready');
    await go('#/');
    await sees(everywhere);
  });

  it('tells where a service is live, who brought it, and what each node should hold', async () => {
    await renewed();
    await go('#/services');
    await page.getByRole('link', { name: /wiki/u }).click(patient);
    await sees('Live on all 3 nodes that are meant to serve it.');
    await sees('wiki.testcloud.local');
    await page.getByRole('link', { name: 'wa' }).click();
    await page.getByText('What it should hold').click();
    await page
      .getByRole('group', { name: 'Lines of the file' })
      .getByText('wiki.testcloud.local')
      .waitFor(patient);
    await sees(/installed and verified/u);
  });

  it('plans, pushes what was shown, and holds one node back', async () => {
    await renewed();
    await go('#/nodes/wb');
    await press('Pause', 'disk is changed');
    await rig.node(1).run("sed -i '/wiki.testcloud.local/d' /etc/hosts");
    await go('#/');
    await sees('1 hold on pushing');
    await go('#/plan');
    await sees('1 node would change');
    await page
      .getByRole('group', { name: 'What would change' })
      .getByText('wiki.testcloud.local')
      .first()
      .waitFor(patient);
    await go('#/nodes/wb');
    await press('Resume');
    await until('the node is repaired', () => whoHolds(rig, 'wiki') === 'wa wb wc', 60_000);
  });

  it('shows a node that is away with cause and remedy, and again when it is back', async () => {
    await renewed({ viewport: { width: 375, height: 740 }, colorScheme: 'dark' });
    await page.evaluate('window.isFirstLoad = true');
    await rig.node(2).unplug();
    serve(rig, 'wiki', 'mail');
    await sees(/1 is offline/u);
    await expectNoSidewaysScroll(page);
    await page.getByRole('listitem').filter({ hasText: 'wc' }).getByRole('link').click();
    await sees('What mends it:');
    await sees(/^Class/u);
    expect(await axeFindings(page)).toEqual([]);
    await rig.node(2).plug();
    await page.getByRole('link', { name: 'Fleet' }).first().click();
    await sees(everywhere);
    expect(whoHolds(rig, 'mail')).toBe('wa wb wc');
    expect(await page.evaluate('window.isFirstLoad')).toBe(true);
  });

  it('says that the daemon is gone, finds the next one by itself, and nobody signs in again', async () => {
    await renewed();
    await watched.daemon.stop('SIGKILL');
    await sees('The daemon does not answer');
    watched.daemon = rig.daemon();
    await expect.poll(() => page.getByText('The daemon does not answer').count(), patient).toBe(0);
    await sees(everywhere);
  });

  it('gives a viewer nothing to press, and asks for another token once this one is revoked', async () => {
    await renewed({}, 'viewer', 'eve');
    await sees(everywhere);
    expect(await page.getByRole('button', { name: /Push|Pause|Freeze|Check/u }).count()).toBe(0);
    expect((await rig.syncctl(['token', 'revoke', 'eve'])).code).toBe(0);
    await sees('Your session is over, or its token was revoked.');
  });
});
