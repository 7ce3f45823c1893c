import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeReceipt, type Receipt } from '../../src/wire/receipt.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { hostsBlock, mayMount, receiverPath, request, sha, type Ask } from './harness.ts';

const scripts = resolve(import.meta.dirname, '../../scripts');
const block = hostsBlock([
  '10.77.0.1\ta.mini.test b.mini.test',
  '10.77.0.2\tc.mini.test',
  'fd7a::7\tsix.mini.test',
]);
const sixty = hostsBlock(
  Array.from({ length: 60 }, (_, at) => `10.78.0.${String(at + 1)}\tn${String(at)}.many.test`),
);
const ask: Ask = { mode: 'check', flags: ['answers'] };
let dir = '';
let outputs: readonly Buffer[] = [];

/** One step on the real paths, as root, in a mount namespace of its own: a shell line before, then a request. */
const steps: readonly { readonly before: string; readonly ask: Ask }[] = [
  { before: ':', ask: { document: block } },
  { before: ':', ask },
  {
    before: 'printf "10.99.0.1 c.mini.test\\n" | cat - /etc/hosts >/tmp-hosts && cat /tmp-hosts >/etc/hosts',
    ask,
  },
  { before: 'sed -i 1d /etc/hosts', ask: { document: hostsBlock(['fd7a::7\tsix.mini.test']), seq: 2 } },
  { before: ':', ask: { document: '', seq: 3 } },
  { before: 'cp /etc/hosts /tmp-after', ask: { document: sixty, seq: 4 } },
  { before: 'printf "10.99.0.1 N31.many.test\\n" >>/etc/hosts', ask },
  { before: "sed -i '$d; s/^10.78.0.32\\t/10.78.0.99\\t/' /etc/hosts", ask },
  {
    before:
      'sed -i "s/^10.78.0.99\\t/10.78.0.32\\t/" /etc/hosts && sed -i "s/^hosts:.*/hosts: nosuch files/" /etc/nsswitch.conf',
    ask,
  },
  { before: ':', ask: { mode: 'check' } },
];
/** How many names each step asked the resolver for. */
const asked = (at: number): number => Number(readFileSync(join(dir, `asked${String(at)}`), 'utf8'));

const nonce = (at: number) => `${'c'.repeat(20)}${String(at)}`;

function script(): string {
  const overlays = ['/etc', '/var/lib', '/usr/local/lib', '/usr/local/sbin'].map(
    (path, at) =>
      `mkdir -p ${dir}/fs/u${String(at)} ${dir}/fs/w${String(at)} && mount -t overlay overlay -o lowerdir=${path},upperdir=${dir}/fs/u${String(at)},workdir=${dir}/fs/w${String(at)} ${path}`,
  );
  const header = `SCI1 ${'d'.repeat(20)} 1.0.0 ${String(readFileSync(receiverPath()).length)} ${sha(readFileSync(receiverPath()))} hosts root -`;
  const runs = steps.map(({ before }, at) =>
    [
      before.replaceAll('/tmp-', `${dir}/`),
      `echo 0 >${dir}/asked`,
      `/usr/local/lib/sync-controller/receive <${dir}/request${String(at)} >${dir}/answer${String(at)} || true`,
      `mv ${dir}/asked ${dir}/asked${String(at)}`,
    ].join('\n'),
  );
  const getent = ['#!/bin/sh', `echo $(($# - 1)) >${dir}/asked`, 'exec /usr/bin/getent "$@"'].join('\n');
  return [
    'set -e',
    `mkdir -p ${dir}/fs && mount -t tmpfs none ${dir}/fs`,
    ...overlays,
    'printf "127.0.0.1 localhost\\n" >/etc/hosts',
    `{ cat ${scripts}/targets/*.sh ${scripts}/install-receiver.sh; echo '${header}'; cat ${receiverPath()}; } | bash -s >${dir}/enrolled`,
    `printf '%s\\n' '${getent}' >/usr/local/sbin/getent && chmod 755 /usr/local/sbin/getent`,
    ...runs,
    `stat -c '%a %U' /var/lib/sync-controller /usr/local/lib/sync-controller/receive-1.0.0 /etc/sync-controller/targets.d/hosts >${dir}/modes`,
  ].join('\n');
}

function answer(at: number): Receipt {
  const decoded = decodeReceipt(outputs[at] ?? Buffer.alloc(0), nonce(at));
  if ('missing' in decoded) throw new Error(`step ${String(at)}: ${decoded.missing}: ${String(outputs[at])}`);
  return decoded;
}

describe.skipIf(!mayMount)('the receiver on the real paths, enrolled by its installer', () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'real-'));
    for (const [at, { ask }] of steps.entries())
      writeFileSync(join(dir, `request${String(at)}`), encodeRequest(request({ ...ask, nonce: nonce(at) })));
    const run = spawnSync('unshare', ['-m', '--propagation', 'private', 'bash', '--norc', '-c', script()], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: '/root' },
    });
    if (run.status !== 0) throw new Error(`namespace script: ${run.stderr}`);
    outputs = steps.map((_, at) => readFileSync(join(dir, `answer${String(at)}`)));
  });

  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('is enrolled with root-owned files that others cannot write', () => {
    expect(JSON.parse(readFileSync(join(dir, 'enrolled'), 'utf8'))).toMatchObject({
      result: 'ENROLLED',
      targets: [{ kind: 'hosts', written: true }],
    });
    expect(readFileSync(join(dir, 'modes'), 'utf8')).toBe('700 root\n755 root\n644 root\n');
  });

  it('installs a block that the resolver of the node then answers, and says so in apply and in check', () => {
    expect(answer(0)).toMatchObject({
      result: 'INSTALLED',
      rungs: { digest: 'ok', parsed: 'ok', resolves: 'ok' },
    });
    expect(answer(1)).toMatchObject({
      result: 'CHECKED',
      rungs: { digest: 'ok', parsed: 'ok', resolves: 'ok' },
    });
  });

  it('tells when another line wins over ours', () => {
    expect(answer(2)).toMatchObject({ rungs: { digest: 'ok', resolves: 'bad' } });
    expect(answer(2).text).toContain('10.77.0.2');
  });

  it('has nothing to ask for names without an IPv4 address', () => {
    expect(answer(3)).toMatchObject({ result: 'INSTALLED', rungs: { resolves: 'ok' } });
  });

  it('withdraws the block and leaves the file as it found it', () => {
    expect(answer(4)).toMatchObject({ result: 'INSTALLED', after: { sha: 'absent' } });
    expect(readFileSync(join(dir, 'after'), 'utf8')).toBe('127.0.0.1 localhost\n');
  });

  it('asks for a few names where the file decides, for all of them otherwise, and for none unasked', () => {
    expect(answer(5)).toMatchObject({ result: 'INSTALLED', rungs: { resolves: 'ok' } });
    expect(asked(5)).toBeGreaterThan(5);
    expect(asked(5)).toBeLessThan(20);
    expect(answer(8).rungs).toEqual({ digest: 'ok', parsed: 'ok', resolves: 'ok' });
    expect([asked(8), asked(9)]).toEqual([60, 0]);
    expect(answer(9).rungs).toEqual({ digest: 'ok', parsed: 'ok' });
  });

  it('finds the one foreign line among many names, and bytes that are not those of the plan', () => {
    expect(answer(6)).toMatchObject({ rungs: { digest: 'ok', resolves: 'bad' } });
    expect(answer(6).text).toContain('n31.many.test');
    expect(answer(7).rungs).toMatchObject({ digest: 'bad' });
  });

  it('leaves the machine that runs the tests alone', () => {
    expect(readFileSync('/etc/hosts', 'utf8')).not.toContain('mini.test');
  });
});
