import { describe, expect, it } from 'vitest';
import { endpointFor } from '../../src/transport/endpoint.ts';
import { commandFor, receiverPath } from '../../src/transport/programs.ts';
import { laptop, snapshotOf } from '../plan/registry-of.ts';

const account = { env: { HOME: '/root' }, uid: 0 };
const settings = { identity: [], agent: undefined, port: 22, jumps: [] };

/** The way to a laptop whose row names this path. */
function wayOf(repoPath: unknown): unknown {
  const row = repoPath === undefined ? laptop : { ...laptop, repo_path: repoPath };
  const [node] = snapshotOf({
    registry: { management_laptops: [row], vps_nodes: [], worker_nodes: [] },
  }).nodes.values();
  return node === undefined
    ? undefined
    : { endpoint: endpointFor(node, settings, account), command: commandFor('receive', node.sshUser) };
}

describe('the path of a clone in the row of a node', () => {
  it('B1: reaches no command: what is run is one absolute path', () => {
    expect(wayOf('~/mynodeone')).toMatchObject({ command: `sudo -n ${receiverPath}` });
    expect(receiverPath).toMatch(/^\/[a-z/-]+$/u);
    expect(JSON.stringify(wayOf('~/mynodeone'))).not.toContain('mynodeone/');
  });

  it.each(['', null, '~/mynodeone', '/srv/MyNodeOne'])('B2: may be %j as well as missing', (repoPath) => {
    expect(wayOf(repoPath)).toBeDefined();
    expect(wayOf(repoPath)).toEqual(wayOf(undefined));
  });
});
