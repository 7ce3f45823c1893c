import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostsBlock, NodeRoot } from './harness.ts';

// No kernel here has quotas that bind root, so strace answers in the place of the disk.
const mayTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const one = hostsBlock(['10.0.0.1\tone.mini.local']);
const two = hostsBlock(['10.0.0.2\ttwo.mini.local']);

describe.skipIf(!mayTrace)('a disk that refuses', () => {
  let node: NodeRoot;
  beforeEach(async () => {
    node = new NodeRoot().enrol();
    node.write('etc/hosts', '127.0.0.1 localhost\n');
    await node.ask({ document: one });
  });
  afterEach(() => {
    node.remove();
  });

  it.each([
    ['EDQUOT', 1, 'NOSPACE'],
    ['ENOSPC', 1, 'NOSPACE'],
    ['EIO', 1, 'IO'],
    ['EDQUOT', 2, 'NOSPACE'],
    ['EIO', 2, 'IO'],
  ])(
    'is told of a sync that fails with %s at its file %i, and the next request mends all',
    async (errno, at, result) => {
      const trace = ['-e', 'trace=fsync', '-e', `inject=fsync:error=${errno}:when=${String(at)}`];
      const receipt = await node.ask(
        { document: two, seq: 2 },
        { under: ['strace', '-f', '-qq', '-o', '/dev/null', ...trace] },
      );
      expect(receipt.result).toBe(result);
      expect([one, two].map((block) => `127.0.0.1 localhost\n${block}`)).toContain(
        node.read('etc/hosts')?.toString(),
      );
      expect(node.leftovers()).toEqual([]);
      expect((await node.ask({ document: two, seq: 3 })).code).toBe(0);
      expect(node.read('etc/hosts')?.toString()).toBe(`127.0.0.1 localhost\n${two}`);
    },
  );
});
