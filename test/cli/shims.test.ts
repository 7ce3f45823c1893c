import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { demo, writeRegistry } from './registry-folder.ts';

const scripts = new URL('../../scripts/', import.meta.url).pathname;
const main = new URL('../../src/main.ts', import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let recorder = '';

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shim-'));
  recorder = join(folder, 'syncctl');
  await writeFile(recorder, '#!/bin/bash\nprintf "<%s>" "$@"\nprintf "\\n"\nexit "${END:-0}"\n');
  await chmod(recorder, 0o755);
  return () => rm(folder, { recursive: true, force: true });
});

function ran(script: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
  const { status, stdout, stderr } = spawnSync('bash', [join(scripts, script), ...words], {
    encoding: 'utf8',
    env: { ...process.env, SYNCCTL: recorder, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

const words = (...all: readonly string[]): string => `${all.map((word) => `<${word}>`).join('')}\n`;

describe('the old script names', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['lib/sync-controller.sh', ['push'], ['push']],
    ['lib/sync-controller.sh', ['health'], ['health']],
    ['lib/sync-controller.sh', ['watch'], ['watch']],
    ['lib/sync-controller.sh', ['daemon'], ['daemon', '1']],
    ['lib/sync-controller.sh', ['daemon', '2'], ['daemon', '2']],
    ['lib/sync-controller.sh', ['reconcile'], ['reconcile', '1']],
    [
      'lib/sync-controller.sh',
      ['register', 'vps_nodes', '100.1.1.1', 'a b', 'sammy'],
      ['register', 'vps_nodes', '100.1.1.1', 'a b', 'sammy'],
    ],
    [
      'lib/node-registry-manager.sh',
      ['register', 'worker_nodes', '100.1.1.1', 'w', 'root', '8080', '/srv/x'],
      ['register', 'worker_nodes', '100.1.1.1', 'w', 'root', '8080'],
    ],
    ['lib/node-registry-manager.sh', ['stats'], ['node', 'stats']],
    [
      'lib/node-registry-manager.sh',
      ['get', 'vps_nodes'],
      ['node', 'list', '--type', 'vps_nodes', '-o', 'json'],
    ],
    [
      'lib/service-registry.sh',
      ['register', 'demo', '', 'apps', 'demo-svc', '80', 'true'],
      ['service', 'register', 'demo', '', '--kubernetes', 'apps/demo-svc', '--port', '80', '--public'],
    ],
    ['lib/service-registry.sh', ['register', 'demo'], ['service', 'register', 'demo', 'demo']],
    ['lib/service-registry.sh', ['sync'], ['service', 'discover', '--yes']],
    ['lib/service-registry.sh', ['list'], ['service', 'list', '-o', 'json']],
    ['lib/service-registry.sh', ['get', 'demo'], ['service', 'show', 'demo', '-o', 'json']],
    ['lib/service-registry.sh', ['unregister', 'demo'], ['service', 'unregister', 'demo']],
    [
      'lib/multi-domain-registry.sh',
      ['register-domain', 'a.com', 'My "site"'],
      ['domain', 'add', 'a.com', '--description', 'My "site"'],
    ],
    ['lib/multi-domain-registry.sh', ['unregister-domain', 'a.com'], ['domain', 'remove', 'a.com', '--yes']],
    [
      'lib/multi-domain-registry.sh',
      ['register-vps', '100.1.1.1', '45.1.1.1', 'eu', 'contabo'],
      ['domain', 'add', '--vps', '100.1.1.1', '--public-ip', '45.1.1.1', '--location', 'eu'],
    ],
    [
      'lib/multi-domain-registry.sh',
      ['unregister-vps', '100.1.1.1'],
      ['domain', 'remove', '--vps', '100.1.1.1', '--yes'],
    ],
    [
      'lib/multi-domain-registry.sh',
      ['configure-routing', 'demo', 'a.com,b.com', '100.1.1.1', 'geo'],
      [
        'domain',
        'route',
        'demo',
        '--only',
        '--domain',
        'a.com,b.com',
        '--vps',
        '100.1.1.1',
        '--strategy',
        'geo',
      ],
    ],
    [
      'lib/multi-domain-registry.sh',
      ['export-vps-routes', '100.1.1.1', '100.2.2.2'],
      ['render', 'vps_nodes@100.1.1.1'],
    ],
    ['lib/multi-domain-registry.sh', ['show'], ['domain', 'list']],
    [
      'manage-app-visibility.sh',
      ['public', 'demo', 'a.com', '100.1.1.1'],
      ['service', 'publish', 'demo', '--push', '--domain', 'a.com', '--vps', '100.1.1.1'],
    ],
    ['manage-app-visibility.sh', ['public', 'demo'], ['service', 'publish', 'demo', '--push']],
    ['manage-app-visibility.sh', ['private', 'demo'], ['service', 'unpublish', 'demo', '--push']],
    ['audit-registry-consistency.sh', [], ['validate']],
  ])('%s %j is syncctl %j', (script, given, expected) => {
    expect(ran(script, given)).toEqual({ code: 0, out: words(...expected), err: '' });
  });

  it.each([
    'lib/sync-controller.sh',
    'lib/node-registry-manager.sh',
    'lib/service-registry.sh',
    'lib/multi-domain-registry.sh',
    'manage-app-visibility.sh',
    'unregister-vps.sh',
  ])('%s prints its usage and ends with 1 for anything else', (script) => {
    const { code, out } = ran(script, []);
    expect(code).toBe(1);
    expect(out).toMatch(/^Usage: /u);
  });

  it('unregister-vps.sh removes the node with all that names it, and the record alone where there is no such node', () => {
    const removal = words('node', 'remove', 'contabo-vps', '--yes', '--abandon');
    const { code, out } = ran('unregister-vps.sh', ['contabo-vps', '--yes', '--abandon']);
    expect([code, out]).toEqual([0, removal]);
    expect(ran('remove-vps-edge-node.sh', ['contabo-vps'], { END: '66' }).out).toBe(
      words('node', 'remove', 'contabo-vps') + words('domain', 'remove', '--vps', 'contabo-vps'),
    );
    const pending = ran('unregister-vps.sh', ['contabo-vps'], { END: '1' });
    expect([pending.code, pending.out]).toEqual([1, words('node', 'remove', 'contabo-vps')]);
  });

  it('install-vps-edge-node.sh joins domain, record and node', () => {
    const given = [
      '--name',
      'v',
      '--ip',
      '100.1.1.1',
      '--user',
      'sammy',
      '--public-ip',
      '45.1.1.1',
      '--domain',
      'a.com',
      '--email',
      'x@a.com',
      '--yes',
    ];
    expect(ran('install-vps-edge-node.sh', given).out).toBe(
      words('domain', 'add', 'a.com') +
        words('domain', 'add', '--vps', '100.1.1.1', '--public-ip', '45.1.1.1', '--location', '') +
        words('node', 'add', '100.1.1.1', '--type', 'vps_nodes', '--name', 'v', '--user', 'sammy', '--yes'),
    );
    expect(ran('install-vps-edge-node.sh', ['--name']).code).toBe(64);
  });

  it('hand the exit code through', () => {
    expect(ran('lib/sync-controller.sh', ['push'], { END: '75' }).code).toBe(75);
  });

  it('say so where there is no syncctl', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shim-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { cp } = await import('node:fs/promises');
    await cp(join(scripts, 'lib'), join(folder, 'scripts', 'lib'), { recursive: true });
    const { status, stderr } = spawnSync(
      '/bin/bash',
      [join(folder, 'scripts', 'lib', 'sync-controller.sh'), 'push'],
      { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } },
    );
    expect(status).toBe(127);
    expect(stderr).toContain('make build');
  });

  it('do the real work: health of a real folder, byte for byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shim-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeRegistry(folder, demo);
    const real = join(folder, 'syncctl');
    await writeFile(real, `#!/bin/bash\nexec ${process.execPath} ${main} --registry ${folder} "$@"\n`);
    await chmod(real, 0o755);
    const env = {
      SYNCCTL: real,
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      XDG_STATE_HOME: folder,
      XDG_CONFIG_HOME: folder,
      NODE_NO_WARNINGS: '1',
    };
    const { code, out } = ran('lib/sync-controller.sh', ['health'], env);
    expect(code).toBe(0);
    expect(out).toContain('  • contabo-vps: active (last sync: 2025-11-21T20:45:00Z)\n');
  });
});
