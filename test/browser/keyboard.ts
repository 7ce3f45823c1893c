import type { Page } from 'playwright-core';

const mostSteps = 80;
/** What a screen reader would call the element that has the focus. */
const focused = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return '';
  return (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent ?? '').trim();
})()`;

/** Presses Tab until something of this name has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const met: string[] = [];
  for (let step = 0; step < mostSteps; step += 1) {
    const now = await page.evaluate<string>(focused);
    if (now === name) return;
    met.push(now);
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name}: not met by Tab; met ${[...new Set(met)].join(' | ')}`);
}
