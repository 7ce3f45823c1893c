import { afterAll, describe, expect, it } from 'vitest';
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
import type { Showcase } from './showcase.ts';
import { button, dialog, shown, views, withEverything } from './shown.ts';
import { states } from './states.ts';

describe.skipIf(browserMissing !== undefined)(titled('a page of the dashboard'), () => {
  afterAll(closeBrowser);

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 375, height: 740 } }],
  ] as const)('%s: axe finds nothing in any view, and nothing scrolls sideways', async (_name, options) => {
    const { page, complaints } = await shown({ prepare: withEverything, options });
    for (const [name, hash, sign] of views) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.getByText(sign).first().waitFor();
      expect([name, await axeFindings(page)]).toEqual([name, []]);
      await expectNoSidewaysScroll(page);
    }
    await page.evaluate("location.hash = '#/plan'");
    await button(page, 'Approve').click();
    expect(await axeFindings(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('asks for a token, says what is wrong with one, and axe finds nothing', async () => {
    const door = await openDoor();
    const { page } = await openPage();
    await page.goto(door.url);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Token' }).fill('sct_wrong');
    await button(page, 'Sign in').click();
    expect(await page.getByRole('alert').textContent()).toContain(
      'expected a token, got one that is unknown, revoked or over',
    );
    await page.getByRole('textbox', { name: 'Token' }).fill(` ${await door.token('viewer', 'eve')} `);
    await button(page, 'Sign in').click();
    await page.getByText('eve').waitFor();
    expect(await page.getByRole('banner').textContent()).toContain('viewer');
    await button(page, 'Sign out').click();
    await page.getByRole('textbox', { name: 'Token' }).waitFor();
    await page.reload();
    await page.getByRole('textbox', { name: 'Token' }).waitFor();
  });

  it('teaches, as it happens, what each state of the controller means', async () => {
    const { page, controller } = await shown();
    const calm = controller.state;
    for (const [name, changes, words] of states) {
      controller.state = { ...calm, ...structuredClone(changes) } as Showcase['state'];
      for (const word of words) await page.getByText(word).first().waitFor();
      expect([name, await axeFindings(page)]).toEqual([name, []]);
    }
  });

  it('teaches where there is no rollout, and says what the API says where it refuses', async () => {
    const { page, controller } = await shown({ hash: '#/rollout' });
    await page.getByText('No rollout is under way').waitFor();
    controller.planned = undefined as unknown as Showcase['planned'];
    controller.plan = () =>
      Promise.reject(
        new SyncError('unavailable', 'registries: expected a readable source, got none', {
          remedy: 'syncctl doctor',
        }),
      );
    await page.getByRole('link', { name: 'Plan' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('expected a readable source');
    await button(page, 'Try again').waitFor();
  });

  it('is used by keyboard alone: skip link, links, buttons, dialogs', async () => {
    const { page, controller } = await shown({ role: 'operator' });
    await page.getByText('contabo-vps').waitFor();
    await page.reload();
    await page.getByText('contabo-vps').waitFor();
    const focused = () =>
      page.evaluate<string>('document.activeElement.textContent || document.activeElement.tagName');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Check all now');
    expect(
      await page.evaluate(
        'getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth',
      ),
    ).toBe('solid2px');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await dialog(page).waitFor();
    // The dialog holds the focus: it goes round in it, or to the browser's own parts, never to the page behind.
    for (let step = 0; step < 6; step += 1) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(
          "document.activeElement.closest('dialog') !== null || document.activeElement === document.body",
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog(page).count()).toBe(0);
    expect(await focused()).toBe('Pause all');
    await page.getByRole('link', { name: /hetzner-vps/u }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /hetzner-vps/u }).waitFor();
    expect(controller.done.filter((what) => what === 'pause')).toEqual([]);
  });

  it('keeps the theme that was chosen, over the one of the system', async () => {
    const { page } = await shown({ options: { colorScheme: 'light' } });
    const paper = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await paper();
    await page.getByLabel('Theme').selectOption('dark');
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByText('contabo-vps').waitFor();
    expect(await paper()).toBe(dark);
    await page.getByLabel('Theme').selectOption('auto');
    expect(await paper()).toBe(light);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await paper()).toBe(dark);
  });

  it('moves nothing where less motion is wanted', async () => {
    const { page } = await shown({ options: { reducedMotion: 'reduce' } });
    const moving =
      "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s' || getComputedStyle(one).animationName !== 'none').length";
    expect(await page.evaluate(moving)).toBe(0);
  });
});
