import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandArgs, knownHostsText, sessionArgs } from '../../src/transport/openssh-argv.ts';
import { defaultTransportSettings } from '../../src/transport/settings.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { nodeId } from '../../src/model/node.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { pinsOf } from './rig.ts';

const key = ed25519Key('node').publicLine;
const endpoint: Endpoint = {
  id: nodeId('vps_nodes', '100.64.0.7'),
  host: '100.64.0.7',
  port: 2222,
  user: 'deploy',
  identities: ['/keys/one', '/keys/with blank%'],
  agentSocket: undefined,
  pins: pinsOf([key]),
  jumps: [],
  proxyCommand: undefined,
};
const files = { control: '/tmp/sc-x/a%b', knownHosts: ['/tmp/sc-x/k.0', '/tmp/sc-x/k.1', '/tmp/sc-x/k.2'] };
const options = { settings: defaultTransportSettings, files, useSshConfig: false };

/** What ssh itself makes of the arguments. */
function resolved(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const ended = spawnSync('ssh', ['-G', ...args], { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  return Map.groupBy(ended.stdout.trim().split('\n'), (line) => line.split(' ')[0] ?? '');
}

function valueOf(args: readonly string[], name: string): string | undefined {
  return resolved(args)
    .get(name)?.[0]
    ?.slice(name.length + 1);
}

describe('the arguments of the session', () => {
  const args = sessionArgs(endpoint, options);

  it.each([
    ['hostname', '100.64.0.7'],
    ['port', '2222'],
    ['user', 'deploy'],
    ['batchmode', 'yes'],
    ['stricthostkeychecking', 'true'],
    ['globalknownhostsfile', '/dev/null'],
    ['userknownhostsfile', '/tmp/sc-x/k.2'],
    ['hostkeyalias', 'sync-controller-hop-0'],
    ['updatehostkeys', 'false'],
    ['preferredauthentications', 'publickey'],
    ['identitiesonly', 'yes'],
    ['identityagent', 'none'],
    ['connecttimeout', '3'],
    ['serveraliveinterval', '5'],
    ['serveralivecountmax', '3'],
    ['controlmaster', 'true'],
    ['controlpersist', 'no'],
    ['forwardagent', 'no'],
    ['forwardx11', 'no'],
    ['requesttty', 'false'],
    ['sessiontype', 'none'],
  ])('mean %s %s to ssh', (name, value) => {
    expect(valueOf(args, name)).toBe(value);
  });

  it('name the keys in order, blanks and percent signs included', () => {
    expect(resolved(args).get('identityfile')).toEqual([
      'identityfile /keys/one',
      'identityfile /keys/with blank%%',
    ]);
  });

  it('never offer SHA-1 host keys, and the pinned type first', () => {
    const offered = (valueOf(args, 'hostkeyalgorithms') ?? '').split(',');
    expect(offered[0]).toBe('ssh-ed25519');
    expect(offered).not.toContain('ssh-rsa');
  });

  it('read no ssh_config of the machine unless asked to', () => {
    expect(args.slice(0, 2)).toEqual(['-F', 'none']);
    expect(sessionArgs(endpoint, { ...options, useSshConfig: true })).not.toContain('-F');
  });

  it('use an agent only where one is named, and then all its keys', () => {
    const withAgent = sessionArgs({ ...endpoint, agentSocket: '/run/agent sock' }, options);
    expect(valueOf(withAgent, 'identityagent')).toBe('/run/agent sock');
    expect(valueOf(withAgent, 'identitiesonly')).toBe('no');
  });

  it("hand the admin's ProxyCommand on as it is", () => {
    const way = sessionArgs({ ...endpoint, proxyCommand: 'nc -x proxy %h %p' }, options);
    expect(valueOf(way, 'proxycommand')).toBe('nc -x proxy %h %p');
  });

  it('end in the host, behind the end of all options', () => {
    expect(args.slice(-2)).toEqual(['--', '100.64.0.7']);
  });
});

describe('the way through jump hosts', () => {
  const hop = (host: string, changes: Partial<Endpoint> = {}): Endpoint => ({
    ...endpoint,
    host,
    port: 22,
    user: 'jump',
    ...changes,
  });
  const way =
    valueOf(sessionArgs({ ...endpoint, jumps: [hop('outer'), hop('inner')] }, options), 'proxycommand') ?? '';

  it('is a chain of ssh -W, each with its own pins and as strict as the last', () => {
    expect(way).toContain('sync-controller-hop-1');
    expect(way).toContain('sync-controller-hop-0');
    expect(way.match(/StrictHostKeyChecking=yes/gu)).toHaveLength(2);
    expect(way).toContain('/tmp/sc-x/k.1');
    expect(way).toContain('/tmp/sc-x/k.0');
    expect(way.match(/-F none/gu)).toHaveLength(2);
  });

  it('survives the shell that ssh gives it to: words with blanks stay words', () => {
    const expanded = way.replaceAll(/%(%|h|p)/gu, (_all, sign: string) =>
      sign === '%' ? '%' : sign === 'h' ? 'node' : '22',
    );
    const words = spawnSync('sh', ['-c', `printf '%s\\n' ${expanded}`], { encoding: 'utf8' }).stdout.split(
      '\n',
    );
    expect(words).toContain('IdentityFile="/keys/with blank%%"');
    expect(words).toContain('[node]:22');
    expect(words.at(-2)).toBe('inner');
    const outer = words.find((word) => word.startsWith('ProxyCommand='));
    expect(outer).toContain("'[%h]:%p'");
    expect(outer?.endsWith(' outer')).toBe(true);
  });

  it('keeps text of a hop from the shell, whatever it holds', () => {
    const evil = hop('outer', { identities: ["/keys/$(touch /tmp/owned)';id;'"] });
    const command = valueOf(sessionArgs({ ...endpoint, jumps: [evil] }, options), 'proxycommand') ?? '';
    const words = spawnSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' }).stdout.split(
      '\n',
    );
    expect(words).toContain(`IdentityFile="/keys/$(touch /tmp/owned)';id;'"`);
  });
});

describe('the arguments of a command', () => {
  const args = commandArgs(endpoint, 'sudo -n /usr/local/lib/sync-controller/receive', options);

  it('end in the constant command', () => {
    expect(args.slice(-3)).toEqual(['--', '100.64.0.7', 'sudo -n /usr/local/lib/sync-controller/receive']);
  });

  it('can open no connection of their own when the session is gone', () => {
    const args0 = commandArgs(endpoint, 'true', {
      ...options,
      files: { ...files, control: '/no/such/socket' },
    });
    const ended = spawnSync('ssh', args0, { encoding: 'utf8', timeout: 10_000 });
    expect(ended.status).toBe(255);
    expect(valueOf(args0, 'proxycommand')).toBe('false');
  });
});

describe('the file of pins', () => {
  it('holds the pinned keys under the alias and nothing else', () => {
    const text = knownHostsText({
      ...endpoint,
      pins: [...endpoint.pins, ...pinsOf(['ssh-dss AAAA', 'x\n* ssh-ed25519 AAAA'])],
    });
    expect(text).toBe(`sync-controller-hop-0 ${key.split(' ').slice(0, 2).join(' ')}\n`);
  });
});
