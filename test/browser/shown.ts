// The dashboard over a double of the controller, as somebody who has signed in sees it.
import type { Page } from 'playwright-core';
import { openDoor, type Door } from '../http/door.ts';
import { openPage, signIn, type Opened } from './browser.ts';
import { held, hetzner, runningRollout, Showcase } from './showcase.ts';

/** The page, and what is behind it. */
export interface Shown extends Opened {
  readonly controller: Showcase;
  readonly door: Door;
}

interface How {
  readonly role?: 'viewer' | 'operator' | 'admin';
  readonly hash?: string;
  readonly prepare?: (controller: Showcase) => void;
  readonly options?: Parameters<typeof openPage>[0];
}

/** The dashboard over a double, signed in as somebody. */
export async function shown({ role = 'admin', hash = '#/', prepare, options }: How = {}): Promise<Shown> {
  const controller = new Showcase();
  prepare?.(controller);
  const door = await openDoor({ requestsPerMinute: 10_000 }, { controller });
  const opened = await openPage(options);
  await signIn(opened.page, `${door.url}/${hash}`, await door.token(role, 'ada'));
  return { ...opened, controller, door };
}

/** A button by its name. */
export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) });
export const dialog = (page: Page) => page.getByRole('dialog');

/** Every view, with something of everything in it, and what shows that it is there. */
export const views: readonly (readonly [string, string, string | RegExp])[] = [
  ['the fleet', '#/', /removal withheld/u],
  ['a node', `#/nodes/${encodeURIComponent(hetzner.node)}`, '14 times in a row'],
  ['the services', '#/services', 'postgres'],
  ['a service', '#/services/wiki', /Live on 10 of 12/u],
  ['the plan', '#/plan', 'Withheld removals'],
  ['the rollout', '#/rollout', 'Batch 3'],
  ['the timeline', '#/timeline/R48', 'What changed after R47'],
  ['no page', '#/else', 'There is no such page'],
];

/** Gives every notice of the fleet something to say. */
export function withEverything(controller: Showcase): void {
  const finding = {
    severity: 'error',
    path: 'service-registry/services.json/open-webui/port',
    message: 'expected a whole number from 1 to 65535, got 99999',
    remedy: 'correct it in service-registry, then: syncctl validate',
  };
  const hold = {
    scope: hetzner.node,
    what: 'hetzner-vps',
    who: 'ada',
    why: 'moves house',
    since: '2026-01-01T00:00:00Z',
    until: null,
    end: 'syncctl resume hetzner-vps',
  };
  controller.show({
    held,
    rollout: runningRollout,
    findings: [finding],
    holds: [hold],
    orphans: ['vps_nodes@100.1.1.1'],
  });
}
