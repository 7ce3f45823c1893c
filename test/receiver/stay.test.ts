import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeReceipt } from '../../src/wire/receipt.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { hostsBlock, NodeRoot, request, routesFile, type Ask } from './harness.ts';

const block = (name: string): string => hostsBlock([`10.0.0.1\t${name}.mini.local`]);

describe('a receiver that stays', () => {
  let node: NodeRoot;
  beforeAll(() => {
    node = new NodeRoot().enrol();
  });
  afterAll(() => {
    node.remove();
  });

  /** Sends `SC1 stay` and all requests at once. @returns the result of each, `none` where nothing was answered. */
  async function results(...asks: readonly Ask[]): Promise<readonly string[]> {
    const nonces = asks.map(() => randomBytes(16).toString('hex'));
    const exec = node.start();
    exec.write('SC1 stay\n');
    for (const [at, ask] of asks.entries())
      exec.write(encodeRequest(request({ ...ask, nonce: nonces[at] ?? '' })));
    exec.end();
    const { stdout } = await exec.ended();
    return nonces.map((nonce) => {
      const receipt = decodeReceipt(stdout, nonce);
      return 'missing' in receipt ? 'none' : receipt.result;
    });
  }

  it('answers one request after the other, of any kind and mode, and ends with its input', async () => {
    expect(
      await results(
        { document: block('a'), seq: 1 },
        { kind: 'traefik-routes', document: routesFile(['a']), seq: 1 },
        { mode: 'check', flags: ['content'] },
        { document: block('b'), seq: 2 },
        { document: block('b'), seq: 3 },
        { kind: 'traefik-routes', document: '', seq: 4 },
      ),
    ).toEqual(['INSTALLED', 'INSTALLED', 'CHECKED', 'INSTALLED', 'UNCHANGED', 'INSTALLED']);
    expect(node.read('etc/hosts')?.toString()).toContain('b.mini.local');
    expect(node.leftovers()).toEqual([]);
  });

  it('keeps nothing of one request for the next', async () => {
    expect(
      await results(
        { document: block('c'), seq: 5, flags: ['take-over', 'content'], deadlineMs: 600_000 },
        { kind: 'nothing-here', document: block('c'), seq: 6 },
      ),
    ).toEqual(['INSTALLED', 'KIND']);
    const [first] = await results({ mode: 'check' });
    expect(first).toBe('CHECKED');
  });

  it('ends with a refusal: bytes of a document that nobody took are never read as a request', async () => {
    const inside = encodeRequest(request({ document: block('evil'), seq: 9, nonce: 'e'.repeat(32) }));
    const bad = request({ document: inside, seq: 7, kind: 'nothing-here' });
    const exec = node.start();
    exec.write('SC1 stay\n');
    exec.write(encodeRequest(bad));
    exec.end();
    const { stdout, code } = await exec.ended();
    expect([String(stdout).split('"sc":1').length - 1, code]).toEqual([1, 0]);
    expect(await results({ document: block('d'), seq: 1 }, { mode: 'check' })).toEqual(['STALE', 'none']);
    expect(node.read('etc/hosts')?.toString()).not.toContain('evil');
  });

  it('ends without a word where no request comes', async () => {
    const exec = node.start();
    exec.write('SC1 stay\n');
    exec.end();
    expect(await exec.ended()).toMatchObject({ code: 0, stdout: Buffer.alloc(0), stderr: '' });
  });
});
