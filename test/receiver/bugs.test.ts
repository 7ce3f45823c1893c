import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeId } from '../../src/model/node.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { hostsBlock, NodeRoot, receiverPath, request, routesFile, sha, until } from './harness.ts';

let node: NodeRoot;
const before = '127.0.0.1 localhost\n';
const block = (last: number): string => hostsBlock([`10.0.0.${String(last)}\ta.mini.local`]);
const routes = 'srv/traefik/routes.yml';
const asRoutes = { kind: 'traefik-routes', node: nodeId('vps_nodes', '10.0.0.9') };

beforeEach(() => {
  node = new NodeRoot().enrol();
  node.write('etc/hosts', before);
});

afterEach(() => {
  node.remove();
});

const hosts = (): string => node.read('etc/hosts')?.toString() ?? '';

/** Each test would have caught the bug of the predecessor that it is named after. */
describe('bugs of the predecessor on a node', () => {
  it('B15: a block of earlier never counts as the planned one, and no block is not an error of counting', async () => {
    expect((await node.ask({ mode: 'check' })).after).toMatchObject({ sha: 'absent' });
    await node.ask({ document: block(1) });
    expect((await node.ask({ mode: 'check' })).after?.sha).not.toBe(sha(block(2)));
    await node.ask({ document: block(2), seq: 2 });
    expect((await node.ask({ mode: 'check' })).after?.sha).toBe(sha(block(2)));
  });

  it('B23: eight changes leave five backups, and nothing beside the file', async () => {
    for (let seq = 1; seq <= 8; seq += 1) await node.ask({ document: block(seq), seq });
    expect(readdirSync(node.path('var/lib/sync-controller/backup/hosts'))).toHaveLength(5);
    expect(readdirSync(node.path('etc')).sort()).toEqual(['hosts', 'sync-controller']);
  });

  it('B27: bytes that come more than a second after the command began are taken', async () => {
    const asked = request({ document: block(1) });
    const bytes = encodeRequest(asked);
    const exec = node.start();
    exec.write(bytes.subarray(0, bytes.length - 20));
    const begun = performance.now();
    await until(() => performance.now() - begun > 1_100, 'the second after which the predecessor gave up');
    exec.write(bytes.subarray(bytes.length - 20));
    exec.end();
    expect((await exec.ended(asked.nonce)).receipt?.result).toBe('INSTALLED');
    expect(hosts()).toContain(block(1));
  });

  it('B34: bytes that did not change restart nothing and move nothing; changed ones reload once', async () => {
    node.write('bin/reload', '#!/bin/bash\necho reloaded >>"${0%/bin/reload}/srv/reloads"\n');
    chmodSync(node.path('bin/reload'), 0o755);
    node.target('traefik-routes', {
      shape: 'file',
      path: `/${routes}`,
      temp: '/var/lib/sync-controller/tmp',
      mode: '0644',
      check: 'traefik-routes',
      reload: '/bin/reload',
    });
    const ask = { ...asRoutes, document: routesFile(['demo']) };
    expect((await node.ask(ask)).result).toBe('INSTALLED');
    const { ino, mtimeMs } = statSync(node.path(routes));
    expect((await node.ask({ ...ask, seq: 2 })).result).toBe('UNCHANGED');
    expect(statSync(node.path(routes))).toMatchObject({ ino, mtimeMs });
    expect(node.read('srv/reloads')?.toString()).toBe('reloaded\n');
    expect((await node.ask({ ...ask, seq: 3, document: routesFile(['other']) })).result).toBe('INSTALLED');
    // Another inode: a reader has the old file or the new one, never a half of either.
    expect(statSync(node.path(routes)).ino).not.toBe(ino);
  });

  it('B37: log lines before, between or after the bytes never reach the file', async () => {
    const noise = '\u001b[0;34m[INFO]\u001b[0m No routes assigned to VPS: 10.0.0.9\n';
    await node.ask({ ...asRoutes, document: routesFile(['demo']) });
    expect(
      (await node.ask({ ...asRoutes, document: `${noise}${routesFile(['other'])}`, seq: 2 })).result,
    ).toBe('INVALID');
    const asked = request({ ...asRoutes, document: routesFile(['third']), seq: 3 });
    const bytes = encodeRequest(asked);
    const cut = bytes.indexOf('\n') + 1;
    const noisy = Buffer.concat([bytes.subarray(0, cut), Buffer.from(noise), bytes.subarray(cut)]);
    expect((await node.raw(noisy, asked.nonce)).receipt?.result).toBe('ALTERED');
    expect(node.read(routes)?.toString()).toBe(routesFile(['demo']));
    await node.raw(Buffer.concat([bytes, Buffer.from(noise)]), asked.nonce);
    expect(node.read(routes)?.toString()).toBe(routesFile(['third']));
  });

  it('B38: what stands in a file of settings is never run', async () => {
    const stolen = node.path('stolen');
    node.write(
      'etc/sync-controller/targets.d/hosts',
      `format=SC1\n# $(touch ${stolen})\nshape=block\npath=/etc/hosts;touch ${stolen}\nmode=0644\ncheck=hosts\n`,
    );
    expect((await node.ask({ document: block(1) })).result).toBe('KIND');
    for (const file of ['home/node/.mynodeone/config.env', 'root/.mynodeone/config.env', 'home/node/.bashrc'])
      node.write(file, `touch ${stolen}\n`);
    node.enrol();
    await node.ask(
      { document: block(1) },
      { env: { BASH_ENV: node.path('home/node/.bashrc'), HOME: node.path('home/node') } },
    );
    expect(hosts()).toContain(block(1));
    expect(existsSync(stolen)).toBe(false);
  });

  it.each(['judged', 'assembled', 'fenced', 'durable', 'replacing', 'renamed', 'recorded'])(
    'B55: a crash at %s leaves the old file or the new one, with every foreign line',
    async (at) => {
      await node.ask({ document: block(1) });
      const old = hosts();
      const crashed = await node.run({ document: block(2), seq: 2 }, { env: { SC_TEST_CRASH_AT: at } });
      expect(crashed.signal).toBe('SIGKILL');
      expect([old, old.replace(block(1), block(2))]).toContain(hosts());
      await node.ask({ document: block(2), seq: 3 });
      expect(hosts()).toBe(old.replace(block(1), block(2)));
    },
  );
});

/** What enrolment asks a node for, and no more. */
const allowed = new Set([
  'bash',
  'flock',
  'sha256sum',
  'base64',
  'head',
  'stat',
  'cp',
  'mv',
  'rm',
  'mkdir',
  'dd',
  'truncate',
  'timeout',
  'sync',
  'chmod',
  'chown',
]);
const traces = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
const title = traces
  ? 'what a push touches'
  : 'what a push touches (skipped: strace is missing or not permitted; apt-get install strace)';

describe.skipIf(!traces)(title, () => {
  /** The system calls of one kind that both targets take: first contact, change, no change, check. */
  async function traced(calls: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'trace-'));
    chmodSync(folder, 0o777);
    mkdirSync(node.path('tmp'), { recursive: true });
    let said = '';
    try {
      const push = async (ask: Parameters<NodeRoot['run']>[0], index: number): Promise<void> => {
        const file = join(folder, String(index));
        // Not `run`: strace itself may talk on stderr.
        const asked = request(ask);
        const exec = node.start({
          under: ['strace', '-f', '-qq', '-s', '400', '-e', `trace=${calls}`, '-o', file],
        });
        exec.write(encodeRequest(asked));
        exec.end();
        expect(['INSTALLED', 'UNCHANGED', 'CHECKED']).toContain(
          (await exec.ended(asked.nonce)).receipt?.result,
        );
        said += readFileSync(file, 'utf8');
      };
      const documents = [block(1), block(2), block(2)];
      for (const [index, document] of documents.entries()) await push({ document, seq: index + 1 }, index);
      await push({ mode: 'check' }, 3);
      const files = [routesFile(['demo']), routesFile([]), routesFile([])];
      for (const [index, document] of files.entries())
        await push({ ...asRoutes, document, seq: index + 1 }, index + 4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return said;
  }

  it('B35, B36, B56: starts nothing but bash, coreutils and flock: no yq, no jq, no kubectl, no docker and no ssh', async () => {
    const started = [...(await traced('execve')).matchAll(/execve\("([^"]+)".*= 0$/gmu)].map((match) =>
      basename(match[1] ?? ''),
    );
    expect(started.length).toBeGreaterThan(20);
    expect(started.filter((name) => !allowed.has(name) && name !== basename(receiverPath()))).toEqual([]);
  });

  it('B36: opens no connection to anybody', async () => {
    const outside = (await traced('connect'))
      .split('\n')
      .filter((line) => line.includes('connect(') && !line.includes('AF_UNIX'));
    expect(outside).toEqual([]);
  });

  it('B33: writes only where this node keeps its own, under names that nobody can put there first', async () => {
    const state = `${node.dir}/var/lib/sync-controller/`;
    const written = [
      ...(await traced('openat')).matchAll(/openat\([^,]+, "([^"]+)", ([A-Z_|]+)[^)]*\) = \d/gu),
    ]
      .map((match) => ({ path: match[1] ?? '', flags: match[2] ?? '' }))
      .filter(({ path, flags }) => /O_WRONLY|O_RDWR|O_CREAT/u.test(flags) && !path.startsWith('/dev/'));
    const foreign = written.filter(({ path }) => !path.startsWith(`${node.dir}/`));
    expect(written.length).toBeGreaterThan(5);
    expect(foreign).toEqual([]);
    // Outside of the folder that is ours alone a new file is made exclusively: a link which waits there is not followed.
    const loose = written.filter(
      ({ path, flags }) => flags.includes('O_CREAT') && !flags.includes('O_EXCL') && !path.startsWith(state),
    );
    expect(loose).toEqual([]);
    expect(readdirSync(node.path('tmp'))).toEqual([]);
  });
});
