import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Insight, ServiceList } from '../../src/contract/insight.ts';
import { SyncError } from '../../src/lib/errors.ts';
import { openDoor } from '../http/door.ts';
import {
  axeFindings,
  browserMissing,
  closeBrowser,
  expectNoSidewaysScroll,
  openPage,
  titled,
} from './browser.ts';
import { hetzner, type Showcase } from './showcase.ts';
import { button, shown } from './shown.ts';

const phone = { viewport: { width: 375, height: 740 } } as const;
const form = { apiVersion: 'sync-controller/v1' } as const;
const nothingServed: ServiceList = { ...form, kind: 'ServiceList', services: [] };
const noBlame: Insight['blame'] = (node) =>
  Promise.resolve({ ...form, kind: 'BlameReport', node, name: node, lines: [] });

/** A fleet of which nothing is known yet. */
function asNew(controller: Showcase): void {
  controller.insight = {
    services: () => Promise.resolve(nothingServed),
    why: (service) =>
      Promise.reject(
        new SyncError('notFound', `service: expected a registered one, got ${JSON.stringify(service)}`, {
          remedy: 'syncctl service list',
        }),
      ),
    blame: noBlame,
  };
  controller.history.reader = {
    ...controller.history.reader,
    revisions: () => Promise.resolve({ revisions: [], dropped: 0 }),
    pushes: () => Promise.resolve([]),
  };
  controller.planned = { ...controller.planned, changes: 0, inSync: 12, unknown: 0, nodes: [], held: [] };
}

/** Views with nothing to show, and what each says instead. */
const empties: readonly (readonly [string, string, readonly (string | RegExp)[]])[] = [
  ['a node without a history', `#/nodes/${encodeURIComponent(hetzner.node)}`, ['Nothing was pushed yet.']],
  ['a node that is not registered', '#/nodes/nobody', ['No such node', 'Back to the fleet']],
  ['no services', '#/services', ['No service is registered yet', 'syncctl service discover']],
  [
    'a service that is not registered',
    '#/services/nothing',
    ['expected a registered one, got "nothing"', 'syncctl service list'],
  ],
  ['a plan that changes nothing', '#/plan', ['Nothing would change', '12 in sync']],
  ['no rollout', '#/rollout', ['No rollout is under way', 'systemctl reload sync-controller']],
  ['no revision', '#/timeline', ['No revision was filed yet']],
];

/** Views that ask the API, and what has to be said where it refuses. */
const asking: readonly {
  readonly what: string;
  readonly hash: string;
  readonly open?: (page: Page) => Promise<void>;
}[] = [
  { what: 'the history of a node', hash: `#/nodes/${encodeURIComponent(hetzner.node)}` },
  {
    what: 'the lines of a node',
    hash: `#/nodes/${encodeURIComponent(hetzner.node)}`,
    open: (page) => page.getByText('What it should hold').click(),
  },
  { what: 'the services', hash: '#/services' },
  { what: 'a service', hash: '#/services/wiki' },
  { what: 'the timeline', hash: '#/timeline' },
  { what: 'a revision', hash: '#/timeline/R48' },
];

describe.skipIf(browserMissing !== undefined)(titled('a view of the dashboard on a phone'), () => {
  afterAll(closeBrowser);

  it('teaches where it has nothing to show', async () => {
    const { page } = await shown({ prepare: asNew, options: phone });
    for (const [name, hash, words] of empties) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      for (const word of words) await page.getByText(word).first().waitFor();
      expect([name, await axeFindings(page)]).toEqual([name, []]);
      await expectNoSidewaysScroll(page);
    }
  });

  it.each(asking)(
    'says why $what cannot be read and what to do, and reads it once that is over',
    async ({ hash, open }) => {
      const { page, controller } = await shown({ options: phone });
      controller.trouble = new SyncError('unavailable', 'history: expected a readable history.db, got none', {
        remedy: 'syncctl doctor',
      });
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await open?.(page);
      const alert = page.getByRole('alert').first();
      await alert.waitFor();
      expect(await alert.textContent()).toMatch(/expected a readable history.db, got none.*syncctl doctor/u);
      expect(await axeFindings(page)).toEqual([]);
      await expectNoSidewaysScroll(page);
      controller.trouble = undefined;
      // One part of the page after the other: each has its own button.
      while ((await page.getByRole('alert').count()) > 0) {
        const before = await page.getByRole('alert').count();
        await button(page, 'Try again').first().click();
        await expect.poll(() => page.getByRole('alert').count()).toBeLessThan(before);
      }
    },
  );

  it('shows every dialog whole, and the sign-in', async () => {
    const { page } = await shown({ options: phone });
    for (const [hash, name] of [
      ['#/', 'Check all now'],
      ['#/', 'Freeze all'],
      [`#/nodes/${encodeURIComponent(hetzner.node)}`, 'Freeze'],
      ['#/timeline/R47', 'Roll back to R47'],
      ['#/plan', 'Push to 3 nodes'],
    ] as const) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await button(page, name).click();
      const box = await page.getByRole('dialog').boundingBox();
      expect([name, (box?.x ?? -1) >= 0, (box?.x ?? 0) + (box?.width ?? 999) <= 375]).toEqual([
        name,
        true,
        true,
      ]);
      await expectNoSidewaysScroll(page);
      await page.keyboard.press('Escape');
    }
    const door = await openDoor();
    const other = await openPage(phone);
    await other.page.goto(door.url);
    await button(other.page, 'Sign in').waitFor();
    await expectNoSidewaysScroll(other.page);
  });
});
