import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { decodeReceipt } from '../../src/wire/receipt.ts';
import { encodeRequest, type Request } from '../../src/wire/request.ts';

const nonce = 'a1b2c3d4e5f60718';
const sha = 'a'.repeat(64);
const receipt = (extra: object = {}): string =>
  JSON.stringify({
    sc: 1,
    nonce,
    node: 'vps_nodes@10.0.0.1',
    kind: 'hosts',
    mode: 'apply',
    result: 'INSTALLED',
    code: 0,
    first: true,
    fence: { epoch: 1, writer: 'w1', seq: 1, sha },
    installed: null,
    owner: null,
    before: { sha: 'absent', size: 0 },
    after: { sha, size: 3 },
    rungs: { digest: 'ok' },
    facts: {
      receiver: '1.0.0',
      wire: [1],
      boot: 'b',
      clock: 1,
      machine: 'm',
      hostname: 'h',
      bash: '5.2',
      shape: 'block',
      path: '/etc/hosts',
      ms: 3,
    },
    text: '',
    bodies: [],
    ...extra,
  });

describe('decodeReceipt', () => {
  it('finds the receipt between a banner before and noise after it', () => {
    const found = decodeReceipt(Buffer.from(`Welcome!\nlast login never\n\n${receipt()}\nbye\n`), nonce);
    expect(found).toMatchObject({ result: 'INSTALLED', first: true });
  });

  it('finds a receipt that follows noise without a line end', () => {
    expect(decodeReceipt(Buffer.from(`motd ${receipt()}\n`), nonce)).toMatchObject({ result: 'INSTALLED' });
  });

  it('refuses a receipt with another nonce', () => {
    expect(decodeReceipt(Buffer.from(`${receipt()}\n`), 'ffffffffffffffff')).toEqual({
      missing: 'the receipt carries another nonce',
    });
  });

  it('refuses every truncation', () => {
    const whole = Buffer.concat([
      Buffer.from(`\n${receipt({ bodies: [{ name: 'content', length: 5 }] })}\n`),
      Buffer.from('12345'),
    ]);
    for (let cut = 0; cut < whole.length; cut += 1) {
      expect(decodeReceipt(whole.subarray(0, cut), nonce)).toHaveProperty('missing');
    }
    expect(decodeReceipt(whole, nonce)).not.toHaveProperty('missing');
  });

  it('hands out counted bodies as exact bytes', () => {
    const bytes = Buffer.from([0, 10, 255, 123]);
    const found = decodeReceipt(
      Buffer.concat([Buffer.from(`${receipt({ bodies: [{ name: 'content', length: 4 }] })}\n`), bytes]),
      nonce,
    );
    expect('missing' in found ? undefined : found.bodies.get('content')?.equals(bytes)).toBe(true);
  });

  it('neutralises terminal escapes in free text', () => {
    const text = Buffer.from('\u001b[31mred').toString('base64');
    expect(decodeReceipt(Buffer.from(`${receipt({ text })}\n`), nonce)).toMatchObject({
      text: '\ufffd[31mred',
    });
  });

  it('names the field that breaks the schema', () => {
    expect(decodeReceipt(Buffer.from(`${receipt({ result: 'GREAT' })}\n`), nonce)).toMatchObject({
      missing: expect.stringContaining('result') as string,
    });
  });
});

describe('encodeRequest', () => {
  const request: Request = {
    mode: 'apply',
    cluster: 'c0ffee00',
    node: nodeId('vps_nodes', 'fd7a::1'),
    kind: 'hosts',
    epoch: 4,
    writer: 'abcdef01',
    seq: 7,
    base: undefined,
    document: Buffer.from('x\n'),
    nonce,
    deadlineMs: 30_000,
    confirmSeconds: 0,
    flags: ['content', 'raw'],
    fallback: undefined,
  };

  it('writes seventeen tokens and then exactly the document', () => {
    const bytes = encodeRequest(request);
    const line = bytes.subarray(0, bytes.indexOf(10)).toString();
    expect(line.split(' ')).toHaveLength(17);
    expect(line).toContain(' vps_nodes@fd7a::1 hosts 4 abcdef01 7 - 2 ');
    expect(line).toContain(' content.raw 0 -');
    expect(bytes.subarray(bytes.indexOf(10) + 1).toString()).toBe('x\n');
  });

  it.each([' ', '\n', '', 'ä', 'x'.repeat(129), '$(id)', "a'b"])(
    'refuses a part that breaks the token grammar: %j',
    (writer) => {
      expect(() => encodeRequest({ ...request, writer })).toThrow('request token 7');
    },
  );
});
