import { afterAll, describe, expect, it } from 'vitest';
import { SyncError } from '../../src/lib/errors.ts';
import { browserMissing, closeBrowser, titled } from './browser.ts';
import { held } from './showcase.ts';
import { button, dialog, shown, views, withEverything } from './shown.ts';

describe.skipIf(browserMissing !== undefined)(titled('what can be pressed on the dashboard'), () => {
  afterAll(closeBrowser);

  it('shows a viewer every view and no button that changes anything', async () => {
    const { page } = await shown({ role: 'viewer', prepare: withEverything });
    for (const [, hash, sign] of views) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.getByText(sign).first().waitFor();
      for (const name of [
        'Push',
        'Pause',
        'Resume',
        'Freeze',
        'Approve',
        'Roll back',
        'Take',
        'Stop',
        'Unpin',
        'Check',
      ])
        expect([hash, name, await button(page, new RegExp(`^${name}`, 'u')).count()]).toEqual([
          hash,
          name,
          0,
        ]);
    }
  });

  it('gives an operator the buttons of an operator', async () => {
    const { page } = await shown({ role: 'operator', hash: '#/plan', prepare: withEverything });
    await button(page, 'Push to 3 nodes').waitFor();
    expect(await button(page, 'Approve').count()).toBe(0);
  });

  it('pushes exactly the plan that was shown, in the name of the token, with the reason', async () => {
    const { page, controller } = await shown({ role: 'operator', hash: '#/plan' });
    await button(page, 'Push to 3 nodes').click();
    await dialog(page).getByLabel(/^Why/u).fill('release day');
    await dialog(page).getByRole('button', { name: 'Push to 3 nodes' }).click();
    await page.getByText('contabo-vps: verified').waitFor();
    await page.getByText('vinay-laptop: the node does not answer').waitFor();
    const asked = controller.asked.find(({ what }) => what === 'push');
    expect(asked?.with).toMatchObject({
      takeOver: false,
      actor: { who: 'ada', reason: 'release day' },
      expected: { revision: 'ab12cd34ef567890' },
    });
  });

  it('shows the plan of an approval before it is given, and asks for its reason', async () => {
    const { page, controller } = await shown({ hash: '#/plan', prepare: withEverything });
    await page.getByLabel('Show the plan as though it were approved').check();
    await expect
      .poll(() => controller.asked.findLast(({ what }) => what === 'plan')?.with)
      .toMatchObject({ approve: [held[0]?.hash] });
    await button(page, 'Approve').click();
    await dialog(page).getByRole('button', { name: 'Approve' }).click();
    expect(controller.done).not.toContain('approve');
    await dialog(page).getByLabel('Why').fill('moved to another cluster');
    await dialog(page).getByRole('button', { name: 'Approve' }).click();
    await expect
      .poll(() => controller.asked.find(({ what }) => what === 'approve')?.with)
      .toEqual({ hash: held[0]?.hash, actor: { who: 'ada', reason: 'moved to another cluster' } });
  });

  it('tells in the dialog why something was refused, and changes nothing', async () => {
    const { page, controller } = await shown();
    controller.pause = () =>
      Promise.reject(
        new SyncError('conflict', 'pause: expected a usable durable.db, got a damaged one', {
          remedy: 'syncctl restore',
        }),
      );
    await button(page, 'Pause all').click();
    await dialog(page).getByRole('button', { name: 'Pause all' }).click();
    expect(await dialog(page).getByRole('alert').textContent()).toContain('got a damaged one');
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog(page).count()).toBe(0);
  });
});
