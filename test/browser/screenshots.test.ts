import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { openDoor } from '../http/door.ts';
import { browserMissing, closeBrowser, openPage, signIn, titled } from './browser.ts';
import { held, hetzner, runningRollout, Showcase, waitingFleet } from './showcase.ts';

/** Where `make screenshots` wants them; else they are only taken. */
const wanted = process.env['SYNC_SCREENSHOTS'];
const limitBytes = 150_000;

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly options?: BrowserContextOptions;
  readonly prepare?: (controller: Showcase) => void;
  readonly ready: (page: Page) => Promise<unknown>;
}

const dark = { colorScheme: 'dark' } as const;
const phone = { viewport: { width: 375, height: 740 }, deviceScaleFactor: 1.5 } as const;
const fleetReady = (page: Page) => page.getByText('contabo-vps').waitFor();

const shots: readonly Shot[] = [
  { name: 'fleet-light', hash: '#/', ready: fleetReady },
  { name: 'fleet-dark', hash: '#/', options: dark, ready: fleetReady },
  { name: 'phone', hash: '#/', options: phone, ready: fleetReady },
  {
    name: 'node',
    hash: `#/nodes/${encodeURIComponent(hetzner.node)}`,
    ready: (page) => page.getByText('14 times in a row').waitFor(),
  },
  {
    name: 'rollout',
    hash: '#/rollout',
    prepare: (controller) => {
      controller.show({ rollout: runningRollout });
    },
    ready: (page) => page.getByText('Batch 3').waitFor(),
  },
  {
    name: 'fleet-rollout',
    hash: '#/',
    prepare: (controller) => {
      controller.show({ rollout: runningRollout, nodes: [...waitingFleet] });
    },
    ready: (page) => page.getByText(/wait for their turn/u).waitFor(),
  },
  {
    name: 'phone-rollout',
    hash: '#/rollout',
    options: { ...phone, ...dark },
    prepare: (controller) => {
      controller.show({ rollout: runningRollout });
    },
    ready: (page) => page.getByText('Batch 3').waitFor(),
  },
  {
    name: 'plan',
    hash: '#/plan',
    prepare: (controller) => {
      controller.show({ held });
    },
    ready: (page) => page.getByText('Withheld removals').waitFor(),
  },
  {
    name: 'timeline',
    hash: '#/timeline/R48',
    options: dark,
    ready: (page) => page.getByText('What changed after R47').waitFor(),
  },
  { name: 'service', hash: '#/services/wiki', ready: (page) => page.getByText('Live on 10 of 12').waitFor() },
];

describe.skipIf(browserMissing !== undefined)(titled('the pictures of the dashboard'), () => {
  afterAll(closeBrowser);

  it.each(shots)('$name fits into a document', async ({ name, hash, options = {}, prepare, ready }) => {
    const folder = wanted ?? mkdtempSync(join(tmpdir(), 'shots-'));
    if (wanted === undefined)
      onTestFinished(() => {
        rmSync(folder, { recursive: true });
      });
    mkdirSync(folder, { recursive: true });
    const controller = new Showcase();
    prepare?.(controller);
    const door = await openDoor({}, { controller });
    const { page, complaints } = await openPage({ viewport: { width: 1200, height: 800 }, ...options });
    await signIn(page, `${door.url}/${hash}`, await door.token('admin', 'ada'));
    await ready(page);
    const path = join(folder, `${name}.png`);
    await page.mouse.move(0, 0);
    await page.screenshot({ path });
    expect(statSync(path).size).toBeLessThan(limitBytes);
    expect(complaints).toEqual([]);
  });
});
