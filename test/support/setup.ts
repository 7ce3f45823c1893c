import { afterAll, afterEach, expect } from 'vitest';

// A rejection nobody awaited is a bug even where the test that caused it has already passed.
const leaked: unknown[] = [];
const remember = (reason: unknown): void => {
  leaked.push(reason);
};
process.on('unhandledRejection', remember);

function expectNoLeak(): void {
  expect(leaked.splice(0), 'promises rejected without anybody waiting').toEqual([]);
}

afterEach(expectNoLeak);
afterAll(async () => {
  // Rejections are reported after the microtask queue has drained.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', remember);
  expectNoLeak();
});
