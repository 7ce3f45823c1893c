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
let dir = '';
let outputs: readonly Buffer[] = [];

/** One step on the real paths, as root, in a mount namespace of its own: a shell line before, then a request. */
const steps: readonly { readonly before: string; readonly ask: Ask }[] = [
  { before: ':', ask: { document: block } },
  { before: ':', ask: { mode: 'check' } },
  {
    before: 'printf "10.99.0.1 c.mini.test\\n" | cat - /etc/hosts >/tmp-hosts && cat /tmp-hosts >/etc/hosts',
    ask: { mode: 'check' },
  },
  { before: 'sed -i 1d /etc/hosts', ask: { document: hostsBlock(['fd7a::7\tsix.mini.test']), seq: 2 } },
  { before: ':', ask: { document: '', seq: 3 } },
];

const nonce = (at: number) => `${'c'.repeat(20)}${String(at)}`;

function script(): string {
  const overlays = ['/etc', '/var/lib', '/usr/local/lib'].map(
    (path, at) =>
      `mkdir -p ${dir}/fs/u${String(at)} ${dir}/fs/w${String(at)} && mount -t overlay overlay -o lowerdir=${path},upperdir=${dir}/fs/u${String(at)},workdir=${dir}/fs/w${String(at)} ${path}`,
  );
  const header = `SCI1 ${'d'.repeat(20)} 1.0.0 ${String(readFileSync(receiverPath()).length)} ${sha(readFileSync(receiverPath()))} hosts root -`;
  const runs = steps.map(
    ({ before }, at) =>
      `${before.replaceAll('/tmp-hosts', `${dir}/hosts`)}\n/usr/local/lib/sync-controller/receive <${dir}/request${String(at)} >${dir}/answer${String(at)} || true`,
  );
  return [
    'set -e',
    `mkdir -p ${dir}/fs && mount -t tmpfs none ${dir}/fs`,
    ...overlays,
    'printf "127.0.0.1 localhost\\n" >/etc/hosts',
    `{ cat ${scripts}/install-receiver.sh; echo '${header}'; cat ${receiverPath()}; } | bash -s >${dir}/enrolled`,
    ...runs,
    `cp /etc/hosts ${dir}/hosts-after`,
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
    expect(readFileSync(join(dir, 'hosts-after'), 'utf8')).toBe('127.0.0.1 localhost\n');
  });

  it('leaves the machine that runs the tests alone', () => {
    expect(readFileSync('/etc/hosts', 'utf8')).not.toContain('mini.test');
  });
});
