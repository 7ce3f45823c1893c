import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/lib/errors.ts';
import { causes } from '../../src/model/cause.ts';
import { resultCodes } from '../../src/wire/results.ts';
import { errorsPage } from '../tools/errors-doc.ts';
import { present } from '../tools/generated.ts';

describe('docs/errors.md', () => {
  it('is what the catalogues say (node test/tools/errors-doc.ts writes it)', () => {
    expect(present(errorsPage)).toBe(errorsPage.content);
  });

  it('names every cause class, exit code and result', () => {
    const page = present(errorsPage) ?? '';
    const rows = [
      ...Object.keys(causes).map((name) => `| \`${name}\` |`),
      ...Object.entries(exitCodes).map(([name, code]) => `| ${code} | ${name} |`),
      ...Object.entries(resultCodes).map(([name, code]) => `| \`${name}\` | ${code} |`),
    ];
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

describe('the cause catalogue', () => {
  it.each(Object.entries(causes))(
    '%s says what is wrong and what mends it, in lower case and one line',
    (_name, cause) => {
      expect(cause.meaning).toMatch(/^[^\n]{8,}$/u);
      expect(cause.meaning.at(-1)).not.toBe('.');
      expect(cause.remedy).toMatch(/^[^\n]{4,}$/u);
      const words = [...cause.remedy.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]);
      expect(
        words.filter((word) => !['node', 'address', 'user', 'type', 'logs', 'restart'].includes(word ?? '')),
      ).toEqual([]);
    },
  );

  it('never calls an offline node stalled', () => {
    expect(
      Object.entries(causes).filter(([, cause]) => cause.offline && (cause.kind as string) === 'stalled'),
    ).toEqual([]);
  });

  it('gives every exit code to one name', () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
