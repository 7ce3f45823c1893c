import { describe, expect, it } from 'vitest';
import { cliPage } from '../tools/cli-doc.ts';
import { present } from '../tools/generated.ts';

describe('docs/cli.md', () => {
  it('is what the catalogue of commands says (node test/tools/cli-doc.ts writes it)', async () => {
    const page = await cliPage();
    expect(present(page)).toBe(page.content);
  });
});
