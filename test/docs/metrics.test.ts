import { describe, expect, it } from 'vitest';
import { present } from '../tools/generated.ts';
import { metricsPage, registered } from '../tools/metrics-doc.ts';
import { tableRows } from './markdown.ts';

describe('docs/metrics.md', () => {
  it('is what the daemon registers (node test/tools/metrics-doc.ts writes it)', () => {
    expect(present(metricsPage)).toBe(metricsPage.content);
  });

  it('has one row for each metric, with its type, its unit and its meaning', () => {
    const rows = tableRows(metricsPage.content);
    expect(rows.map(([name]) => name).sort()).toEqual(registered.map(({ name }) => `\`${name}\``).sort());
    for (const [name = '', type, unit, meaning] of rows) {
      expect(['counter', 'gauge', 'histogram']).toContain(type);
      if (/_seconds(?:_total)?`$/u.test(name)) expect(unit).toBe('seconds');
      if (name.endsWith('_bytes`')) expect(unit).toBe('bytes');
      expect(meaning).not.toBe('');
    }
  });
});
