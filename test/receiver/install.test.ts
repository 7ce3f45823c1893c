import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInstaller } from '../../src/enrol/receiver-file.ts';
import {
  commandIn,
  hostsBlock,
  mayMount,
  modeOf,
  NodeRoot,
  player,
  receiverPath,
  routesFile,
  sha,
} from './harness.ts';

const scripts = resolve(import.meta.dirname, '../../scripts');
const installer = await readInstaller(scripts);
const nonce = 'b'.repeat(32);
let node: NodeRoot;

beforeEach(() => {
  node = new NodeRoot();
  for (const dir of ['usr/local/lib', 'etc', 'var/lib', 'root/traefik/config']) node.mkdir(dir);
});

afterEach(() => {
  node.remove();
});

interface Receipt {
  readonly nonce: string;
  readonly result: string;
  readonly code: number;
  readonly previous: string;
  readonly missing: readonly string[];
  readonly targets: readonly Readonly<Record<string, string | boolean>>[];
  readonly public_domain: string;
  readonly text: string;
}

interface Stream {
  readonly version?: string;
  readonly receiver?: Buffer;
  readonly length?: number;
  readonly digest?: string;
  readonly kinds?: string;
  readonly flags?: string;
  readonly login?: string;
  readonly line?: string;
}

const own = () => readFileSync(receiverPath());
/** The receiver as another version would look. */
const versioned = (version: string) =>
  Buffer.from(
    own()
      .toString()
      .replace(/^readonly VERSION=.*$/mu, `readonly VERSION=${version}`),
  );

/** Streams the installer and what follows it, as the controller does, and reads the answer. */
async function install(stream: Stream = {}, mounts?: string): Promise<Receipt> {
  const receiver = stream.receiver ?? own();
  const line =
    stream.line ??
    [
      'SCI1',
      nonce,
      stream.version ?? '1.0.0',
      String(stream.length ?? receiver.length),
      stream.digest ?? sha(receiver),
      stream.kinds ?? 'hosts',
      stream.login ?? '-',
      stream.flags ?? '-',
    ].join(' ');
  const shell = ['bash', '-s', '--', '--root', node.dir];
  const { command, options } = commandIn(node.dir, shell, mounts);
  const child = spawn(command[0] ?? '', command.slice(1), {
    ...options,
    env: { PATH: '/usr/bin:/bin' },
    stdio: 'pipe',
  });
  child.stdin.on('error', () => undefined);
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // In pieces, as a network brings them: the shell must not read ahead of its script.
  child.stdin.write(installer);
  child.stdin.write(`${line}\n`);
  child.stdin.end(receiver);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  expect(Buffer.concat(err).toString()).toBe('');
  const receipt = JSON.parse(Buffer.concat(out).toString()) as Receipt & { text: string };
  expect(receipt).toMatchObject({ code });
  return { ...receipt, text: Buffer.from(receipt.text, 'base64').toString() };
}

const link = () => readlinkSync(node.path('usr/local/lib/sync-controller/receive'));
const target = (kind: string) => node.read(`etc/sync-controller/targets.d/${kind}`)?.toString();

describe('install-receiver', () => {
  it('puts the receiver, its link and the targets, and the receiver works', async () => {
    expect(await install()).toMatchObject({
      nonce,
      result: 'ENROLLED',
      code: 0,
      previous: '',
      missing: [],
      targets: [{ kind: 'hosts', written: true, path: '/etc/hosts', shape: 'block' }],
    });
    expect(link()).toBe('receive-1.0.0');
    expect(readFileSync(node.path('usr/local/lib/sync-controller/receive')).equals(own())).toBe(true);
    expect(readdirSync(node.path('usr/local/lib/sync-controller')).toSorted()).toEqual([
      'receive',
      'receive-1.0.0',
    ]);
    node.write('etc/hosts', 'a\n');
    expect((await node.ask({ document: hostsBlock([]) })).result).toBe('INSTALLED');
  });

  it('is repeatable: the same bytes again change nothing and write no target again', async () => {
    await install();
    node.write(
      'etc/sync-controller/targets.d/hosts',
      'format=SC1\nshape=block\npath=/etc/hosts\nmode=0600\ncheck=hosts\n',
    );
    expect(await install()).toMatchObject({
      result: 'ENROLLED',
      previous: '1.0.0',
      targets: [{ written: false }],
    });
    expect(target('hosts')).toContain('mode=0600');
    expect(await install({ flags: 'retarget' })).toMatchObject({ targets: [{ written: true }] });
    expect(target('hosts')).toContain('mode=0644');
  });

  it('goes up, never down', async () => {
    await install();
    expect((await install({ version: '1.0.10', receiver: versioned('1.0.10') })).result).toBe('ENROLLED');
    expect(link()).toBe('receive-1.0.10');
    for (const version of ['1.0.9', '1.0.0', '0.99.99']) {
      expect(await install({ version, receiver: versioned(version) })).toMatchObject({
        result: 'LOWER',
        code: 24,
        previous: '1.0.10',
      });
    }
    expect(link()).toBe('receive-1.0.10');
  });

  it('replaces other bytes of the same version only when told to', async () => {
    await install();
    const other = Buffer.concat([own(), Buffer.from('# other\n')]);
    expect(await install({ receiver: other })).toMatchObject({ result: 'DIFFERS', code: 25 });
    expect(readFileSync(node.path('usr/local/lib/sync-controller/receive')).equals(own())).toBe(true);
    expect((await install({ receiver: other, flags: 'replace' })).result).toBe('ENROLLED');
    expect(readFileSync(node.path('usr/local/lib/sync-controller/receive')).equals(other)).toBe(true);
  });

  it.each([
    ['that is cut', { length: own().length + 10 }, 'TRUNCATED', 21],
    ['that is altered', { digest: 'f'.repeat(64) }, 'ALTERED', 22],
    ['that does not run', { receiver: Buffer.from('#!/bin/bash\nexit 1\n') }, 'BROKEN', 26],
    ['that says another version', { receiver: versioned('9.9.9') }, 'BROKEN', 26],
  ] as const)('refuses a receiver %s and leaves nothing of it', async (_name, stream, result, code) => {
    expect(await install(stream)).toMatchObject({ result, code });
    expect(readdirSync(node.path('usr/local/lib/sync-controller'))).toEqual([]);
  });

  it.each([
    ['an empty line', ''],
    ['a token too few', `SCI1 ${nonce} 1.0.0 5 - hosts -`],
    ['an expansion', `SCI1 ${nonce} 1.0.0 5 - hosts $(id) -`],
    ['a path for a kind', `SCI1 ${nonce} 1.0.0 5 - ../x - -`],
    ['an unknown flag', `SCI1 ${nonce} 1.0.0 5 - hosts - force`],
    ['a version that is none', `SCI1 ${nonce} 1.x 5 - hosts - -`],
    ['an unknown kind', `SCI1 ${nonce} 1.0.0 0 - magic - -`],
  ])('refuses a header with %s', async (_name, line) => {
    expect(await install({ line, receiver: Buffer.alloc(0) })).toMatchObject({ result: 'REQUEST', code: 20 });
    expect(existsSync(node.path('usr/local/lib/sync-controller/receive'))).toBe(false);
  });

  it('finds the directory that Traefik watches, in the order of the predecessor, and reads its settings without running them (B38)', async () => {
    node.mkdir('opt/edge/dynamic');
    node.write(
      'root/.mynodeone/config.env',
      `CLUSTER_NAME="x"\nPUBLIC_DOMAIN="curiios.com"\ntouch ${node.path('ran')}\nX=$(touch ${node.path('ran')})\nTRAEFIK_CONFIG_DIR=/opt/edge/dynamic\n`,
    );
    expect(await install({ kinds: 'traefik-routes' })).toMatchObject({
      public_domain: 'curiios.com',
      targets: [{ path: '/opt/edge/dynamic/mynodeone-routes.yml', temp: '/var/lib/sync-controller/tmp' }],
    });
    expect(existsSync(node.path('ran'))).toBe(false);
    node.write(
      'root/.mynodeone/config.env',
      'TRAEFIK_CONFIG_DIR="~/traefik/config"\nPUBLIC_DOMAIN="$(id)"\n',
    );
    expect(await install({ kinds: 'traefik-routes', flags: 'retarget' })).toMatchObject({
      public_domain: '',
      targets: [{ path: '/root/traefik/config/mynodeone-routes.yml' }],
    });
  });

  it('follows a link of the home to where the files really are', async () => {
    node.mkdir('srv/real/config');
    symlinkSync('../srv/real', node.path('root/linked'));
    node.write('root/.mynodeone/config.env', 'TRAEFIK_CONFIG_DIR=/root/linked/config\n');
    expect((await install({ kinds: 'traefik-routes' })).targets[0]?.['path']).toBe(
      '/srv/real/config/mynodeone-routes.yml',
    );
  });

  it.skipIf(!mayMount)(
    'puts the temp directory above a home on a file system of its own, where its user cannot reach',
    async () => {
      node.mkdir('home/user/traefik/config');
      node.write('root/.mynodeone/config.env', 'TRAEFIK_CONFIG_DIR=/home/user/traefik/config\n');
      const mounts = 'mount --bind home home';
      expect((await install({ kinds: 'traefik-routes' }, mounts)).targets[0]?.['temp']).toBe(
        '/home/.sync-controller',
      );
      expect(modeOf(node.path('home/.sync-controller'))).toBe(0o700);
      expect(
        await node.ask({ kind: 'traefik-routes', document: routesFile(['demo']) }, { mounts }),
      ).toMatchObject({ result: 'INSTALLED', installed: { atomic: true } });
      expect(readdirSync(node.path('home/user/traefik/config'))).toEqual(['mynodeone-routes.yml']);
      await install({ kinds: 'traefik-routes', flags: 'remove' }, mounts);
      expect(existsSync(node.path('home/.sync-controller'))).toBe(false);
    },
  );

  it('names what is missing', async () => {
    spawnSync('rm', ['-r', node.path('root/traefik')]);
    expect(await install({ kinds: 'traefik-routes' })).toMatchObject({
      result: 'MISSING',
      code: 23,
      missing: ['target:traefik-directory'],
    });
    chmodSync(node.path('usr/local/lib'), 0o555);
    spawnSync('rm', ['-r', node.path('usr/local/lib/sync-controller')]);
    const fresh = await install();
    chmodSync(node.path('usr/local/lib'), 0o755);
    expect(fresh).toMatchObject({ result: 'MISSING', missing: ['writable:/usr/local/lib'] });
  });

  it('waits for the lock of the node, and says when it cannot have it', async () => {
    await install();
    const holder = spawn('flock', [node.path('var/lib/sync-controller/lock'), 'sleep', '60'], {
      ...player,
      stdio: 'ignore',
      detached: true,
    });
    try {
      expect(await install()).toMatchObject({ result: 'BUSY', code: 15 });
    } finally {
      if (holder.pid !== undefined) process.kill(-holder.pid);
    }
  }, 30_000);

  it('removes one kind and keeps the others, then everything with the last', async () => {
    await install({ kinds: 'hosts.traefik-routes' });
    node.write('etc/hosts', 'a\n');
    await node.ask({ document: hostsBlock([]) });
    const nothing = { receiver: Buffer.alloc(0), digest: '-' };
    expect((await install({ ...nothing, kinds: 'hosts', flags: 'remove' })).result).toBe('REMOVED');
    expect([target('hosts'), target('traefik-routes')?.slice(0, 10)]).toEqual([undefined, 'format=SC1']);
    expect(existsSync(node.path(node.journal('cluster-aaaa', 'hosts')))).toBe(false);
    expect(readdirSync(node.path('var/lib/sync-controller/owners'))).toEqual([]);
    expect((await install({ ...nothing, kinds: 'traefik-routes', flags: 'remove' })).result).toBe('REMOVED');
    for (const path of ['usr/local/lib/sync-controller', 'etc/sync-controller', 'var/lib/sync-controller'])
      expect(existsSync(node.path(path))).toBe(false);
    expect((await install({ ...nothing, kinds: '-', flags: 'remove' })).result).toBe('REMOVED');
  });

  it('is refused with --root as root', () => {
    if (player.uid === undefined) return;
    const run = spawnSync('bash', ['-s', '--', '--root', node.dir], { input: installer });
    expect({ status: run.status, out: run.stdout.toString() }).toMatchObject({
      status: 60,
      out: expect.stringContaining('"ROOT"') as string,
    });
  });
});

describe('the documented commands of the predecessor', () => {
  const run = (script: string) =>
    spawnSync('bash', [`${scripts}/${script}`, '--root', node.dir], { encoding: 'utf8', input: '{}' });
  it.each([
    ['sync-dns.sh', 'hosts'],
    ['sync-vps-routes.sh', 'traefik-routes'],
  ])('%s says who does it now, and what is installed', async (script, kind) => {
    const before = run(script);
    expect({ status: before.status, said: before.stderr }).toEqual({
      status: 1,
      said: expect.stringContaining('not under sync-controller') as string,
    });
    await install({ kinds: kind });
    node.write('etc/hosts', 'a\n');
    node.write('root/traefik/config/mynodeone-routes.yml', 'a\n');
    const after = run(script);
    expect(after.status).toBe(0);
    expect(after.stdout).toMatch(/run there: syncctl push \S+\n/u);
    expect(after.stdout).toContain(sha('a\n').slice(0, 12));
  });
});
