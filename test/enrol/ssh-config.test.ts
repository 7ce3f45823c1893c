import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAlias, resolveAlias } from '../../src/enrol/ssh-config.ts';

async function withConfig<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-config-'));
  const file = join(folder, 'config');
  try {
    await writeFile(file, text);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('ssh_config through ssh -G', () => {
  it('resolves host, port, user, keys, jumps and files as ssh does, with Include, Match and tokens', async () => {
    const text = `
Host vps
  HostName 100.64.0.%h.example
  Port 2222
  User deploy
  IdentityFile ~/.ssh/one
  IdentityFile /keys/two
  ProxyJump admin@bastion:2200,inner
  UserKnownHostsFile /etc/a /etc/b
Match host 100.64.0.vps.example
  Port 99
`;
    expect(await withConfig(text, (file) => resolveAlias('vps', { file }))).toEqual({
      hostname: '100.64.0.vps.example',
      port: 2222,
      user: 'deploy',
      identities: ['~/.ssh/one', '/keys/two'],
      proxyJump: 'admin@bastion:2200,inner',
      proxyCommand: undefined,
      knownHosts: ['/etc/a', '/etc/b'],
    });
  });

  it('hands on a ProxyCommand of the admin', async () => {
    const found = await withConfig('Host vps\n  ProxyCommand nc %h %p\n', (file) =>
      resolveAlias('vps', { file }),
    );
    expect(found).toMatchObject({
      hostname: 'vps',
      port: 22,
      proxyCommand: 'nc %h %p',
      proxyJump: undefined,
    });
  });

  it('names the file that ssh cannot read', async () => {
    await expect(withConfig('Nonsense yes\n', (file) => resolveAlias('vps', { file }))).rejects.toThrow(
      /Nonsense/iu,
    );
  });

  it.each(['-oProxyCommand=id', 'a b', ''])('refuses the alias %j before ssh runs', async (alias) => {
    await expect(resolveAlias(alias)).rejects.toThrow(/expected a host name/u);
  });

  it('refuses a user or host that could act as an option', () => {
    expect(() => parseAlias('hostname vps\nuser -oProxyCommand=id\nport 22\n', 'vps')).toThrow(
      /expected a host/u,
    );
    expect(() => parseAlias('hostname -x\nuser root\nport 22\n', 'vps')).toThrow(/expected a host/u);
  });
});
