import { describe, expect, it } from 'vitest';
import { loggerOver } from '../../src/lib/logger.ts';
import type { Finding } from '../../src/model/snapshot.ts';
import { findingsTeller } from '../../src/reconcile/findings-log.ts';

function bench() {
  const lines: string[] = [];
  const tell = findingsTeller(loggerOver((level, message) => void lines.push(`${level} ${message}`)));
  return { tell, said: () => lines.splice(0) };
}
const finding = (path: string, severity: Finding['severity'] = 'error'): Finding => ({
  severity,
  path,
  message: 'expected x, got y',
  remedy: 'write x',
});

describe('the log of findings', () => {
  it('tells each finding once, by its severity, and that all are mended', () => {
    const { tell, said } = bench();
    tell([]);
    expect(said()).toEqual([]);
    tell([finding('a')]);
    tell([finding('a'), finding('b', 'warning')]);
    expect(said()).toEqual(['error a: expected x, got y', 'warn b: expected x, got y']);
    tell([finding('b', 'warning')]);
    expect(said()).toEqual([]);
    tell([]);
    expect(said()).toEqual(['success the registries are valid again']);
    tell([finding('a')]);
    expect(said()).toEqual(['error a: expected x, got y']);
  });

  it('tells ten of many and counts the rest', () => {
    const { tell, said } = bench();
    tell(Array.from({ length: 25 }, (_, n) => finding(`entry${String(n)}`)));
    const lines = said();
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('warn the registries have more findings');
  });
});
