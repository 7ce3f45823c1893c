// A real browser: Debian's Chromium, headless, driven over its own protocol.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const isBuilt = existsSync(new URL('../../dist/dashboard/manifest.json', import.meta.url));

/** Why no browser test can run here; undefined where they can. */
export const browserMissing =
  executable === undefined
    ? 'no chromium: sudo apt-get install chromium'
    : isBuilt
      ? undefined
      : 'dist/dashboard is not built: make build';

/** What each test of a browser begins its title with. */
export const titled = (title: string): string =>
  browserMissing === undefined ? title : `${title} (skipped: ${browserMissing})`;

let browser: Promise<Browser> | undefined;

/** One browser serves all tests of a file. */
function launched(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: executable ?? '',
    // Its sandbox refuses to begin as root; what it loads here is our own page.
    args: ['--disable-gpu', '--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page itself complains of: errors, and what its content policy has refused. */
  readonly complaints: string[];
}

/** A page in a context of its own: nobody else's cookies, nobody else's theme. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await (
    await launched()
  ).newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser tells every answer of 401 and 503 as an error of its own; those are asked for on purpose.
    if (
      message.type() === 'error' &&
      !/Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE/u.test(message.text())
    )
      complaints.push(message.text());
  });
  return { page, context, complaints };
}

/** Signs in through the page, as a person does. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Token' }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe finds on the page as it is, but for what is minor. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // It comes over the driver's own way, which the page's content policy does not bind.
  if (!(await page.evaluate('typeof axe === "object"')))
    await page.evaluate((await import('node:fs')).readFileSync(axePath, 'utf8'));
  const { violations } = await page.evaluate<AxeResults>(
    'axe.run(document, { resultTypes: ["violations"] })',
  );
  return violations
    .filter(({ impact }) => impact !== 'minor')
    .map(
      ({ id, impact, help, nodes }) =>
        `${impact} ${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
    );
}

/** The page must not scroll sideways: on a phone that hides what stands at the edge. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  expect(
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
  ).toBe(0);
}
