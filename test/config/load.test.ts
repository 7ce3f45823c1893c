import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, type Given } from '../../src/config/load.ts';
import { leaves, variableOf } from '../../src/config/leaves.ts';
import { SyncError } from '../../src/lib/errors.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  file = join(folder, 'config.yaml');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function around(more: Partial<Given> = {}): Given {
  return { env: { HOME: folder }, uid: 1000, ...more };
}

async function load(yaml: string, more: Partial<Given> = {}) {
  writeFileSync(file, yaml);
  return loadSettings(around({ file, ...more }));
}

async function refusalOf(yaml: string, more: Partial<Given> = {}): Promise<SyncError> {
  const error: unknown = await load(yaml, more).catch((thrown: unknown) => thrown);
  if (!(error instanceof SyncError)) throw new Error(`expected a refusal of ${JSON.stringify(yaml)}`);
  return error;
}

describe('precedence', () => {
  it('gives the defaults where there is no file', async () => {
    const {
      settings,
      file: used,
      origins,
    } = await loadSettings(around({ env: { HOME: folder, XDG_CONFIG_HOME: folder } }));
    expect(used).toBeUndefined();
    expect(origins.size).toBe(0);
    expect(settings.watch.pollMs).toBe(10_000);
    expect(settings.retry).toEqual({ attempts: 3, delayMs: 5_000, factor: 2, maxDelayMs: 900_000 });
    expect(settings.push.parallel).toBe(32);
  });

  it('puts the environment over the file and options over both', async () => {
    const yaml = 'watch: { pollMs: 1, quietMs: 2, capMs: 3 }\n';
    const env = { HOME: folder, SYNC_CONTROLLER_WATCH_QUIET_MS: '20', SYNC_CONTROLLER_WATCH_CAP_MS: '30' };
    const { settings, origins } = await load(yaml, {
      env,
      flags: { 'watch.capMs': 300, 'log.level': undefined },
    });
    expect(settings.watch).toMatchObject({ pollMs: 1, quietMs: 20, capMs: 300 });
    expect(Object.fromEntries(origins)).toEqual({
      'watch.pollMs': 'file',
      'watch.quietMs': 'environment',
      'watch.capMs': 'flag',
    });
  });

  it('takes the file that SYNC_CONTROLLER_CONFIG names', async () => {
    writeFileSync(file, 'guard: { minimum: 7 }\n');
    const { settings, file: used } = await loadSettings(around({ env: { SYNC_CONTROLLER_CONFIG: file } }));
    expect([settings.guard.minimum, used]).toEqual([7, file]);
  });

  it("takes the user's own file before the one of the system", async () => {
    mkdirSync(join(folder, 'sync-controller'));
    writeFileSync(join(folder, 'sync-controller', 'config.yaml'), 'guard: { minimum: 8 }\n');
    const { settings } = await loadSettings(around({ env: { XDG_CONFIG_HOME: folder } }));
    expect(settings.guard.minimum).toBe(8);
  });

  it('takes the folder that systemd names first', async () => {
    writeFileSync(file, 'guard: { minimum: 9 }\n');
    const { settings } = await loadSettings(around({ uid: 0, env: { CONFIGURATION_DIRECTORY: folder } }));
    expect(settings.guard.minimum).toBe(9);
  });

  it('reads every kind of setting from the environment', async () => {
    const env = {
      SYNC_CONTROLLER_SSH_USE_SSH_CONFIG: 'true',
      SYNC_CONTROLLER_SSH_IDENTITY: '/a/key:~/b',
      SYNC_CONTROLLER_RECONCILE_PERIOD_HOURS: '0.5',
      SYNC_CONTROLLER_SOURCE_CONTEXT: '42',
      SYNC_CONTROLLER_STATUS_WRITE_BACK: 'false',
      SYNC_CONTROLLER_SOURCE_NAMES_CLUSTER_INFO: 'ours',
      HOME: '/h',
    };
    const { settings } = await load('', { env });
    expect(settings.ssh).toMatchObject({ useSshConfig: true, identity: ['/a/key', '/h/b'] });
    expect(settings.reconcile.periodHours).toBe(0.5);
    expect(settings.source.context).toBe('42');
    expect(settings.status.writeBack).toBe(false);
    expect(settings.source.names['cluster-info']).toBe('ours');
  });

  it('ignores the variables that a Kubernetes Service named sync-controller puts into every pod', async () => {
    const env = {
      SYNC_CONTROLLER_SERVICE_HOST: '10.0.0.1',
      SYNC_CONTROLLER_SERVICE_PORT: '80',
      SYNC_CONTROLLER_SERVICE_PORT_HTTP: '80',
      SYNC_CONTROLLER_PORT: 'tcp://10.0.0.1:80',
      SYNC_CONTROLLER_PORT_80_TCP: 'tcp://10.0.0.1:80',
      SYNC_CONTROLLER_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    await expect(load('', { env })).resolves.toBeDefined();
  });

  it('gives every setting a variable of its own', () => {
    const names = leaves().map((leaf) => variableOf(leaf.path));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('SYNC_CONTROLLER_SOURCE_NAMES_SERVICE_REGISTRY');
  });
});

describe('refusals', () => {
  const table: readonly [yaml: string, message: string][] = [
    [
      'watch:\n  polMs: 5\n',
      ':2: watch.polMs: expected the name of a setting, got "polMs"; did you mean watch.pollMs?',
    ],
    ['wach: 1\n', ':1: wach: expected the name of a setting, got "wach"; did you mean watch?'],
    ['zzz: 1\n', 'remove it; docs/configuration.md lists every setting'],
    [
      '\n\nwatch:\n  pollMs: fast\n',
      ':4: watch.pollMs: expected a whole number from 1 to 604800000, got "fast"',
    ],
    ['watch:\n  pollMs: 0\n', 'got 0'],
    ['watch:\n  pollMs: 1.5\n', 'expected a whole number'],
    ['watch:\n  pollMs: .inf\n', ':2: watch.pollMs: expected a whole number'],
    ['watch:\n  pollMs: .nan\n', ':2: watch.pollMs: expected a whole number'],
    ['watch: 3\n', ':1: watch: expected a mapping of settings, got 3'],
    ['source: { kind: dir }\n', 'expected one of kubernetes, directory, got "dir"'],
    [
      'source: { kind: directory }\n',
      'source.directory: expected a folder, because source.kind is directory, got null',
    ],
    ['source: { namespace: "a b" }\n', 'expected a Kubernetes name'],
    ['source: { directory: relative }\n', 'expected an absolute path'],
    ['ssh:\n  identity:\n    - /a\n    - b\n', ':4: ssh.identity.1: expected a list of absolute paths'],
    ['ssh: { useSshConfig: yes }\n', 'ssh.useSshConfig: expected true or false, got "yes"'],
    ['guard: { percent: 101 }\n', 'guard.percent: expected a whole number from 1 to 100, got 101'],
    ['watch:\n  quietMs: 600\n', ':2: watch.quietMs: expected at most watch.capMs (500), got 600'],
    ['presence: { probeMs: 20000 }\n', 'expected at most presence.slowProbeMs'],
    ['status: { writeBack: maybe }\n', 'expected auto, true or false'],
    ['[1]\n', 'expected a mapping of settings, got [1]'],
    ['a: [\n', ':2:1: expected YAML'],
    ['watch:\n  pollMs: 1\n  pollMs: 2\n', ':3:3: expected YAML, got an error: Map keys must be unique'],
    ['log: !!js/function "x"\n', ':1:6: expected YAML'],
    ['log: { level: "\\u001b[31mred" }\n', 'got "\\u001b[31mred"'],
    [
      'source: { context: "-----BEGIN OPENSSH PRIVATE KEY-----abc", kind: x }\n',
      'source.kind: expected one of',
    ],
    ['source: { directory: "-----BEGIN OPENSSH PRIVATE KEY-----abc" }\n', 'got "[private key removed]'],
  ];
  it.each(table)('names line, expectation, value and remedy for %j', async (yaml, message) => {
    const error = await refusalOf(yaml);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('\n');
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.exit).toBe('config');
    expect(error.remedy).toMatch(/\w/u);
  });

  it('names the variable that is wrong', async () => {
    const wrong = await refusalOf('watch: { pollMs: 5 }\n', { env: { SYNC_CONTROLLER_WATCH_POLL_MS: 'x' } });
    expect(wrong.message).toContain(
      'environment variable SYNC_CONTROLLER_WATCH_POLL_MS: expected a whole number',
    );
    const unknown = await refusalOf('', { env: { SYNC_CONTROLLER_WATCH_POL_MS: '1' } });
    expect(unknown.message).toContain(
      'environment variable SYNC_CONTROLLER_WATCH_POL_MS: expected the name of a setting',
    );
  });

  it('names the option that is wrong', async () => {
    const error = await refusalOf('', { flags: { 'source.kind': 'x' } });
    expect(error.message).toContain('option for source.kind: expected one of kubernetes, directory');
  });

  it('refuses a file that was named and is not there', async () => {
    await expect(loadSettings(around({ file: join(folder, 'none.yaml') }))).rejects.toThrow(
      /--config: expected an existing file/u,
    );
  });

  it('refuses a folder and a huge file as settings', async () => {
    await expect(loadSettings(around({ file: folder }))).rejects.toThrow(
      /expected a readable file, got a folder \(EISDIR\)/u,
    );
    await expect(load('#'.repeat(300_000))).rejects.toThrow(/at most 262144 bytes, got 300000/u);
  });

  it('does not let a key of the prototype in', async () => {
    const error = await refusalOf('__proto__: { polluted: true }\n');
    expect(error.message).toContain('expected the name of a setting');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('places', () => {
  const places = async (uid: number, env: NodeJS.ProcessEnv, yaml = '') =>
    (await load(yaml, { uid, env })).settings.daemon;

  it('takes what systemd says before the custom of the system', async () => {
    const env = { HOME: '/h', STATE_DIRECTORY: '/s/one:/s/two', RUNTIME_DIRECTORY: '/r' };
    expect(await places(0, env)).toMatchObject({
      stateDirectory: '/s/one',
      runtimeDirectory: '/r',
      socket: '/r/syncctl.sock',
    });
  });

  it('keeps state under /var/lib and /run as root', async () => {
    expect(await places(0, { HOME: '/root' })).toMatchObject({
      stateDirectory: '/var/lib/sync-controller',
      socket: '/run/sync-controller/syncctl.sock',
    });
  });

  it('keeps state under the XDG folders as a user', async () => {
    expect(await places(1000, { HOME: '/h', XDG_RUNTIME_DIR: '/run/user/1000' })).toMatchObject({
      stateDirectory: '/h/.local/state/sync-controller',
      runtimeDirectory: '/run/user/1000/sync-controller',
    });
    expect(await places(1000, { HOME: '/h', XDG_STATE_HOME: '/x' })).toMatchObject({
      stateDirectory: '/x/sync-controller',
      runtimeDirectory: '/x/sync-controller/run',
    });
  });

  it('takes the setting before everything', async () => {
    const env = { HOME: '/h', STATE_DIRECTORY: '/s', RUNTIME_DIRECTORY: '/r' };
    expect(await places(0, env, 'daemon: { stateDirectory: ~/state, runtimeDirectory: /q }\n')).toMatchObject(
      {
        stateDirectory: '/h/state',
        runtimeDirectory: '/q',
      },
    );
  });

  it('refuses a socket path that the kernel would cut', async () => {
    const long = `/${'a'.repeat(100)}`;
    await expect(places(0, {}, `daemon: { runtimeDirectory: ${long} }\n`)).rejects.toThrow(
      /at most 107 bytes/u,
    );
  });

  it('writes statuses back on Kubernetes, and on a directory only when told', async () => {
    const writeBack = async (yaml: string) => (await load(yaml)).settings.status.writeBack;
    expect(await writeBack('')).toBe(true);
    expect(await writeBack('source: { kind: directory, directory: /d }\n')).toBe(false);
    expect(await writeBack('source: { kind: directory, directory: /d }\nstatus: { writeBack: true }\n')).toBe(
      true,
    );
  });
});
