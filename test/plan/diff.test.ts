import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import type { NodeDiff } from '../../src/model/plan.ts';
import { diffBundle, groupDiffs } from '../../src/plan/diff.ts';
import { hostsBundle } from '../../src/plan/render-hosts.ts';

function names(count: number, last = 0): Parameters<typeof hostsBundle>[1] {
  return Array.from({ length: count }, (_, n) => ({
    ip: `100.64.${String(n >> 8)}.${String(n & 255)}`,
    name: `s${String(n + last)}.minicloud.local`,
  }));
}

describe('the difference between a node and its plan', () => {
  const bundle = hostsBundle('cluster-0001', [{ ip: '100.1.1.2', name: 'demo.minicloud.local' }]);

  it('is empty where the bytes are equal', () => {
    expect(diffBundle(bundle, bundle.bytes)).toBe('');
  });

  it('is a unified diff from the node to the plan', () => {
    const lines = diffBundle(bundle, bundle.bytes.replace('100.1.1.2', '100.1.1.1')).split('\n');
    expect(lines.slice(0, 2)).toEqual(['--- hosts on the node', '+++ hosts planned']);
    expect(lines).toContain('-100.1.1.1\tdemo.minicloud.local');
    expect(lines).toContain('+100.1.1.2\tdemo.minicloud.local');
  });

  it('shows all of a plan for a node that holds nothing', () => {
    expect(
      diffBundle(bundle, '')
        .split('\n')
        .filter((line) => line.startsWith('+') && !line.startsWith('+++')),
    ).toHaveLength(4);
  });

  it('cuts a long diff and says how much is left out', () => {
    expect(diffBundle(hostsBundle('cluster-0001', names(1000)), '')).toMatch(/\n… \d+ more lines\n$/);
  });

  it('gives only sizes where everything differs, instead of searching for ever', () => {
    const text = diffBundle(
      hostsBundle('cluster-0001', names(6000)),
      hostsBundle('cluster-0001', names(6000, 10_000)).bytes,
    );
    expect(text).toContain('too different to show line by line');
  });
});

describe('grouping', () => {
  it('puts nodes with one difference together, the largest group first', () => {
    const diff = (last: number, text: string): NodeDiff => ({
      id: nodeId('worker_nodes', `100.1.1.${String(last)}`),
      state: 'changes',
      reason: undefined,
      diff: text,
      installed: undefined,
    });
    const groups = groupDiffs([diff(1, 'a'), diff(2, 'b'), diff(3, 'b')]);
    expect(groups.map((group) => [group.diff, group.ids.length])).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
  });
});
