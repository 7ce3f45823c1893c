import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { askTailnet, tailnetOf } from '../../src/lib/tailnet-status.ts';
import { tailscaleStatus } from '../cli/tailscale-status.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Puts a program named `tailscale` on the path, alone. */
async function program(script: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tailnet-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'tailscale'), `#!/bin/bash\n${script}\n`);
  await chmod(join(folder, 'tailscale'), 0o755);
  vi.stubEnv('PATH', `relative:${folder}:/usr/bin:/bin`);
}

const ask = () => askTailnet(new AbortController().signal);

describe('the Tailscale of this machine', () => {
  it('tells peers by every address, who is online, whose key has expired and who was seen when', () => {
    const net = tailnetOf(
      tailscaleStatus([
        { name: 'laptop', ip: '100.86.112.112', online: false },
        { name: 'vps', ip: '100.68.225.92', expired: true },
        { name: 'phone' },
      ]),
    );
    if (net.kind !== 'up') throw new Error(net.kind);
    expect(net.online).toBe(true);
    expect(net.peers.get('100.86.112.112')).toEqual({
      online: false,
      expired: false,
      lastSeen: '2025-11-21T20:45:00.1Z',
    });
    expect(net.peers.get('fd7a:115c:a1e0::6')).toEqual(net.peers.get('100.86.112.112'));
    expect(net.peers.get('100.68.225.92')).toEqual({ online: true, expired: true, lastSeen: undefined });
  });

  it('knows no peers while it is not connected', () => {
    expect(tailnetOf(tailscaleStatus(undefined, 'Stopped'))).toEqual({ kind: 'off', state: 'Stopped' });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'failed to connect to local tailscaled'],
    ['a list', '[]'],
    ['peers that are text', '{"Peer":{"a":"b"}}'],
    ['an address without end', JSON.stringify({ Peer: { a: { TailscaleIPs: ['1'.repeat(1e5)] } } })],
  ])('is silent where it says %s', (_what, text) => {
    expect(tailnetOf(text)).toEqual({ kind: 'silent' });
  });

  it('cannot put text of its own into what is told', () => {
    const Peer = { a: { TailscaleIPs: ['100.64.0.1'], Online: false, LastSeen: '2025\u001b[2J' } };
    const net = tailnetOf(JSON.stringify({ Peer }));
    expect(net.kind === 'up' && net.peers.get('100.64.0.1')).toMatchObject({ lastSeen: undefined });
    expect(tailnetOf('{"BackendState":"a\\u001b[2J"}')).toEqual({ kind: 'off', state: 'a??2J' });
  });

  it('is asked through its program, and absent where no folder of the path has that', async () => {
    await program(
      `[[ $* == 'status --json' ]] && cat <<'END'\n${tailscaleStatus([{ name: 'a', ip: '100.64.0.9' }])}\nEND`,
    );
    const net = await ask();
    expect(net.kind === 'up' && net.peers.get('100.64.0.9')?.online).toBe(true);
    vi.stubEnv('PATH', '/no/such/folder');
    expect(await ask()).toEqual({ kind: 'absent' });
  });

  it.each([
    ['fails', 'exit 1'],
    ['says too much', 'exec yes'],
    ['hangs', 'sleep 300'],
  ])('is silent where its program %s', async (_how, script) => {
    await program(script);
    expect(await ask()).toEqual({ kind: 'silent' });
  });
});
