import { expect, it } from 'vitest';
import { remedyFor } from '../../src/model/cause.ts';
import { laptop, snapshotOf } from '../plan/registry-of.ts';

const withPull = (pull: unknown) =>
  snapshotOf({
    registry: {
      management_laptops: [{ ...laptop, sync_controller: { pull } }],
      vps_nodes: [],
      worker_nodes: [],
    },
  });

it('reads from a row that its node fetches its configuration itself', () => {
  expect([...withPull(true).nodes.values()][0]?.pull).toBe(true);
  for (const no of [false, null]) expect([...withPull(no).nodes.values()][0]).not.toHaveProperty('pull');
});

it('sets a row aside that says neither yes nor no: the wrong way would be gone', () => {
  for (const wrong of ['true', 1, {}]) {
    const { nodes, findings } = withPull(wrong);
    expect(nodes.size).toBe(0);
    expect(findings).toMatchObject([
      { severity: 'error', message: expect.stringContaining('expected true or false') },
    ]);
    expect(findings[0]?.path).toMatch(/sync_controller\/pull$/u);
  }
});

it('names no login in what mends a node that fetches', () => {
  const node = {
    name: 'home',
    address: '192.168.1.20',
    sshUser: 'root',
    type: 'vps_nodes',
    sshPort: 2222,
    pull: true,
  } as const;
  expect(remedyFor('receiver_outdated', node)).toBe('syncctl node rotate-token home');
  expect(remedyFor('enospc', node)).toBe('on the node: df -h');
  expect(remedyFor('pull_silent', node)).toBe('sudo systemctl start sync-controller-pull');
});
