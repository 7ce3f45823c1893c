import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model/snapshot.ts';
import { findingsAdded, placesAdded } from '../../src/registry/findings-added.ts';
import { newFlaw } from '../../src/registry/operations/step.ts';

const rows = 'sync-controller-registry/registry.json/vps_nodes';

function finding(path: string, message: string, severity: Finding['severity'] = 'error'): Finding {
  return { path, message, severity, remedy: 'correct it' };
}

describe('what an edit adds to the findings', () => {
  const [broken, other] = [finding(`${rows}/3/ip`, 'no address'), finding(`${rows}/3/ip`, 'loopback')];

  it('is nothing where a row went above a broken one', () => {
    const moved = finding(`${rows}/2/ip`, 'no address');
    expect(findingsAdded([broken], [moved])).toEqual({ gone: [], added: [] });
    expect(newFlaw([broken], [moved])).toBeUndefined();
  });

  it('is the second of two that are alike', () => {
    const twin = finding(`${rows}/4/ip`, 'no address');
    expect(findingsAdded([broken], [broken, twin])).toEqual({ gone: [], added: [twin] });
    expect(newFlaw([broken], [broken, twin])).toBe(twin);
  });

  it('is another trouble at the same place for what we write, and not for what an admin saves', () => {
    expect(newFlaw([broken], [other])).toBe(other);
    expect(placesAdded([broken], [other]).added).toEqual([]);
  });

  it('is a flaw only where it is an error', () => {
    expect(newFlaw([], [finding(rows, 'odd', 'warning')])).toBeUndefined();
  });
});
