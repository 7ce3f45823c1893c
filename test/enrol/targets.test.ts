import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInstaller } from '../../src/enrol/receiver-file.ts';
import { decodeInstall } from '../../src/enrol/install-wire.ts';
import { NodeRoot, player } from '../receiver/harness.ts';
import { hasProgram } from '../support/programs.ts';

const installer = await readInstaller(resolve(import.meta.dirname, '../../scripts'));
const nonce = 'c'.repeat(32);
let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot();
  for (const folder of ['usr/local/lib', 'etc', 'var/lib']) node.mkdir(folder);
});

afterEach(() => {
  node.remove();
});

/** Writes the description of one kind anew, as enrolment does; answers what was missing, or the description by its keys. */
function described(kind: string): {
  missing: readonly string[];
  text: string;
  keys: Readonly<Record<string, string>>;
} {
  const line = `SCI1 ${nonce} 1.0.0 0 - ${kind} - retarget\n`;
  const run = spawnSync('bash', ['-s', '--', '--root', node.dir], {
    ...player,
    env: { PATH: '/usr/bin:/bin' },
    input: Buffer.concat([installer, Buffer.from(line)]),
  });
  expect(run.stderr.toString()).toBe('');
  const answer = decodeInstall(run.stdout, nonce);
  const text = node.read(`etc/sync-controller/targets.d/${kind}`)?.toString() ?? '';
  const keys = Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  return { missing: answer?.missing ?? ['no answer'], text: answer?.text ?? '', keys };
}

describe.skipIf(!hasProgram('dnsmasq'))('the target of a node with dnsmasq', () => {
  it('is a file in the directory of names that its settings give, asked at the loopback', () => {
    node.write('etc/dnsmasq.conf', '# hostsdir=/etc/other\nport = 5353 # not 53\n');
    node.write('etc/dnsmasq.d/ours.conf', '  hostsdir = "/etc/names"  # ours\n');
    node.mkdir('etc/names');
    const { missing, keys } = described('dnsmasq-hosts');
    expect(missing).toEqual([]);
    expect(keys).toMatchObject({
      format: 'SC1',
      shape: 'file',
      path: '/etc/names/sync-controller.hosts',
      temp: '/var/lib/sync-controller/tmp',
      check: 'dnsmasq-hosts',
      dns: '127.0.0.1:5353',
      // It follows the directory by itself, and keeps its cache.
      reload: '',
    });
  });

  it.each([
    ['listen-address=10.0.0.1,127.0.0.1\n', '127.0.0.1:53'],
    ['listen-address=10.0.0.1\nlisten-address=10.0.0.2\n', '10.0.0.1:53'],
    ['listen-address=fd7a::1\n', '[fd7a::1]:53'],
    ['port=99999999\n', '127.0.0.1:53'],
  ])('is asked where it listens: %j', (settings, dns) => {
    node.write('etc/dnsmasq.conf', `hostsdir=/etc/names\n${settings}`);
    node.mkdir('etc/names');
    expect(described('dnsmasq-hosts').keys['dns']).toBe(dns);
  });

  it.each([
    ['without a directory of names', 'addn-hosts=/etc/names/x\n', 'dnsmasq-hostsdir'],
    ['with a directory that is not there', 'hostsdir=/etc/gone\n', 'dnsmasq-hostsdir'],
    ['with a directory that no description could hold', 'hostsdir=/etc/$(id)\n', 'dnsmasq-hostsdir'],
    ['that answers no questions', 'hostsdir=/etc/names\nport=0\n', 'dnsmasq-port'],
  ])('is refused %s, and the sentence says what to write', (_name, settings, what) => {
    node.write('etc/dnsmasq.conf', settings);
    node.mkdir('etc/names');
    const { missing, text } = described('dnsmasq-hosts');
    expect(missing).toEqual([`target:${what}`]);
    expect(text).toContain(what === 'dnsmasq-hostsdir' ? 'hostsdir=/etc/dnsmasq.hosts.d' : 'port=0');
  });
});

describe.skipIf(!hasProgram('caddy'))('the target of a node with Caddy', () => {
  const caddyfile = (text: string): void => {
    node.write('etc/caddy/Caddyfile', text);
  };

  it('is the file that the Caddyfile imports, with the ports and the API of its global options', () => {
    caddyfile(`# mine
{
	admin localhost:2020
	http_port 8080
	https_port 8443
	servers {
		protocols h1 h2
	}
}

example.net {
	import snippet*
	admin_x 1
}
import sync-controller*.caddy
`);
    const { missing, keys } = described('caddy-routes');
    expect(missing).toEqual([]);
    expect(keys).toMatchObject({
      shape: 'file',
      path: '/etc/caddy/sync-controller.caddy',
      check: 'caddy-routes',
      raw_url: 'http://127.0.0.1:2020/config/',
      web_port: '8080',
      websecure_port: '8443',
      reload: expect.stringMatching(
        /^\/\S*caddy reload --config \/etc\/caddy\/Caddyfile --adapter caddyfile$/u,
      ) as string,
      probe: expect.stringContaining('http://127.0.0.1:2020/config/') as string,
    });
  });

  it.each([
    ['import *.caddy', '/etc/caddy/sync-controller.caddy'],
    ['import /etc/caddy/sites/*', '/etc/caddy/sites/sync-controller.caddy'],
    ['import nowhere/*\nimport sites/*.caddy', '/etc/caddy/sites/sync-controller.caddy'],
  ])('lies where the import looks: %s', (imports, path) => {
    node.mkdir('etc/caddy/sites');
    caddyfile(`${imports}\n`);
    expect(described('caddy-routes').keys).toMatchObject({
      path,
      raw_url: 'http://127.0.0.1:2019/config/',
      web_port: '80',
      websecure_port: '443',
    });
  });

  it('has no API to read where that is a socket, and is reloaded all the same', () => {
    caddyfile('{\n\tadmin unix//run/caddy.sock\n}\nimport *.caddy\n');
    expect(described('caddy-routes').keys).toMatchObject({
      raw_url: '',
      reload: expect.stringContaining('reload') as string,
    });
  });

  it.each([
    ['no import at all', 'example.net {\n}\n', 'caddy-import'],
    [
      'an import by its plain name, which may never be missing',
      'import sync-controller.caddy\n',
      'caddy-import',
    ],
    ['an import inside a site', 'example.net {\n\timport sync-controller*.caddy\n}\n', 'caddy-import'],
    ['a comment of an import', '# import sync-controller*.caddy\n', 'caddy-import'],
    ['an import of other names', 'import *.conf\n', 'caddy-import'],
    ['no admin API', '{\n\tadmin off\n}\nimport *.caddy\n', 'caddy-admin'],
  ])('is refused with %s, and the sentence says what to write', (_name, text, what) => {
    caddyfile(text);
    const answer = described('caddy-routes');
    expect(answer.missing).toEqual([`target:${what}`]);
    expect(answer.text).toContain(what === 'caddy-import' ? 'import sync-controller*.caddy' : 'admin off');
  });

  it('is refused without a Caddyfile', () => {
    expect(described('caddy-routes').missing).toEqual(['target:caddyfile']);
  });
});

describe('the target of a kind that nobody knows', () => {
  it('is refused before anything is written', () => {
    const line = `SCI1 ${nonce} 1.0.0 0 - main - -\n`;
    const run = spawnSync('bash', ['-s', '--', '--root', node.dir], {
      ...player,
      env: { PATH: '/usr/bin:/bin' },
      input: Buffer.concat([installer, Buffer.from(line)]),
    });
    expect(run.stdout.toString()).toContain('"REQUEST"');
  });
});
