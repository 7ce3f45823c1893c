// A real daemon with real nodes, and what a person does on its page.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { names } from '../e2e/hosts-rig.ts';
import { hasStarted, startRig, type Daemon, type Rig } from '../e2e/rig.ts';
import { freePort } from '../servers/process.ts';
import { browserMissing, openPage, signIn, type Opened } from './browser.ts';

const namespaces = fleetAvailable('namespaces');
/** Why no test of a browser with real nodes can run here; undefined where they can. */
export const missing = browserMissing ?? (namespaces.available ? undefined : namespaces.reason);
/** How long a fleet of real nodes may take on a busy machine. */
export const patient = { timeout: 60_000 };
/** What the page says once every one of the three nodes has the newest revision. */
export const everywhere = 'Yes: everything is live on all 3 nodes.';

/** What a person says in a dialog beside its button. */
interface Words {
  readonly why?: string;
  /** An option of its list. */
  readonly choice?: string;
}

/** A page that somebody has signed in to, and the moves of a person on it. */
export interface Seat extends Opened {
  /** Goes to a view by its address, as a bookmark does; nothing is loaded anew. */
  go(hash: string): Promise<unknown>;
  sees(text: string | RegExp): Promise<void>;
  /** Waits until something is no longer there. */
  misses(text: string | RegExp): Promise<void>;
  /** Presses a button, and says in its dialog that it is meant. */
  press(name: string | RegExp, words?: Words): Promise<void>;
}

export interface Watched {
  readonly rig: Rig;
  readonly url: string;
  /** The daemon that runs now; a restart sets the next one. */
  daemon: Daemon;
  mint(name: string, role: string): Promise<string>;
  /** A page of its own, signed in with a fresh token. */
  visit(options?: Parameters<typeof openPage>[0], role?: string, name?: string): Promise<Seat>;
  /** The newest deeds of the audit. */
  audit(): Promise<readonly Deed[]>;
  stop(): Promise<void>;
}

export interface Deed {
  readonly who: string;
  readonly why: string | null;
  readonly action: string;
  readonly detail: string;
}

/** Starts three workers and a daemon that serves its page on a port of loopback. */
export async function startWatched(settings: string): Promise<Watched> {
  const rig = await startRig({
    nodes: names.slice(0, 3).map((name) => ({ type: 'worker_nodes' as const, name })),
    settings,
  });
  const url = `http://127.0.0.1:${String(await freePort())}`;
  const text = readFileSync(rig.settings, 'utf8');
  writeFileSync(rig.settings, text.replace('listen: off', `listen: '${url.slice(7)}'`));
  const daemon = rig.daemon();
  await hasStarted(daemon);
  let visits = 0;
  const mint = async (name: string, role: string): Promise<string> => {
    const made = await rig.syncctl(['token', 'create', name, '--role', role]);
    expect(made.code, made.stderr).toBe(0);
    return made.stdout.trim();
  };
  return {
    ...{ rig, url, daemon, mint },
    visit: async (options = {}, role = 'admin', name = `${role}-${String((visits += 1))}`) => {
      const opened = await openPage(options);
      await signIn(opened.page, url, await mint(name, role));
      return { ...opened, ...movesOn(opened.page) };
    },
    audit: async () => {
      const ran = await rig.syncctl(['audit', '-o', 'json']);
      expect(ran.code, ran.stderr).toBe(0);
      return (JSON.parse(ran.stdout) as { entries: Deed[] }).entries;
    },
    stop: () => rig.stop(),
  };
}

function movesOn(page: Page): Omit<Seat, keyof Opened> {
  return {
    go: (hash) => page.evaluate(`location.hash = '${hash}'`),
    sees: (text) => page.getByText(text).first().waitFor(patient),
    misses: (text) => expect.poll(() => page.getByText(text).count(), patient).toBe(0),
    press: async (name, { why = 'a test', choice } = {}) => {
      await page.getByRole('button', { name }).first().click(patient);
      const dialog = page.getByRole('dialog');
      if (choice !== undefined) await dialog.getByRole('combobox').selectOption(choice);
      await dialog.getByLabel(/^Why/u).fill(why);
      await dialog.getByRole('button', { name }).click();
      await expect.poll(() => dialog.count(), patient).toBe(0);
    },
  };
}
