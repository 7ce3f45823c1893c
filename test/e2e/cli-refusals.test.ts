import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { runProgram } from '../fleet/process.ts';
import { exitCodes } from '../../src/lib/errors.ts';
import { refusals } from './refusals.ts';
import { runMain, startRig, until, type Daemon, type Ran, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const main = new URL(
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
  import.meta.url,
).pathname;

// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u;

// eslint-disable-next-line no-control-regex
const colours = /\u001b\[[\d;]*m/u;

/** One sentence of four parts: the place, what is expected, what was found, what to do. */
const sentence = /^\[✗\] [^\n]+: expected [^\n]+, got[: ][^\n]+; [^\n]+\n$/u;

/** Every file of the registry folder, byte for byte. */
function registryOf(rig: Rig): Record<string, string> {
  const names = readdirSync(rig.registry).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(rig.registry, name), 'utf8')]));
}

describe.skipIf(!available)('what the command line says when it must say no', () => {
  let rig: Rig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [{ type: 'worker_nodes', name: 'worker' }],
      settings: 'retry:\n  delayMs: 200\n',
    });
    daemon = rig.daemon();
    await until('the node is pushed', () => daemon.said().includes('synced and verified'));
  });
  afterAll(async () => {
    await rig.stop();
  });

  it.each(refusals)(
    '%s: syncctl %j is refused in one sentence, and no byte of the registry changes',
    async (name, words) => {
      const before = registryOf(rig);
      const ran = await rig.syncctl(words);
      expect([ran.code, ran.stdout, ran.stderr]).toEqual([
        exitCodes[name],
        '',
        expect.stringMatching(sentence),
      ]);
      expect(ran.stderr.length).toBeLessThan(600);
      expect(registryOf(rig)).toEqual(before);
    },
  );

  it('a dangerous step without --yes and without a terminal is refused, and says what to pass', async () => {
    const ran = await rig.syncctl(['node', 'remove', 'worker']);
    expect([ran.code, ran.stderr]).toEqual([
      64,
      expect.stringMatching(/^\[✗\] Remove worker: expected a confirmation[^\n]*; pass --yes\n$/mu),
    ]);
    expect(rig.read('sync-controller-registry', 'registry.json')).toMatchObject({
      worker_nodes: [{ name: 'worker' }],
    });
  });

  it('a change that withdraws something is refused without --yes, and names what it would withdraw', async () => {
    const before = registryOf(rig);
    const ran = await rig.syncctl(['domain', 'remove', 'example.org']);
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([
      64,
      '',
      expect.stringMatching(/\[✗\] Write the change: expected a confirmation, got [^\n]+; pass --yes\n$/u),
    ]);
    expect(registryOf(rig)).toEqual(before);
  });

  it.each([
    ['a file that is not there', undefined, ' --config: expected an existing file, got "'],
    [
      'an unknown key',
      'wach:\n  pollMs: 1000\n',
      ':1: wach: expected the name of a setting, got "wach"; did',
    ],
    ['an unknown key inside a section', 'retry:\n  atempts: 3\n', ':2: retry.atempts: expected the name'],
    ['a wrong value', 'retry:\n  attempts: many\n', ':2: retry.attempts: expected a whole number'],
    ['no mapping', '- a\n', ': expected a mapping of settings, got ['],
    ['no YAML', 'source: [\n', ': expected YAML, got an error: '],
    ['no source folder', 'source:\n  kind: directory\n', ': source.directory: expected a folder, '],
  ])('settings with %s are refused by commands that read, write or do neither', async (_what, text, part) => {
    const file = join(rig.folder, 'wrong.yaml');
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    for (const words of [
      ['status'],
      ['health'],
      ['push'],
      ['version'],
      ['approve', 'zz'],
      ['service', 'publish', 'grafana'],
    ]) {
      const ran = await runMain([...words, '--config', file]);
      expect([words, ran.code, ran.stdout, ran.stderr]).toEqual([
        words,
        exitCodes.config,
        '',
        expect.stringMatching(sentence),
      ]);
      expect(ran.stderr).toContain(part);
    }
  });

  it.each([
    [{ SYNC_CONTROLLER_RETRY_ATTEMPTS: 'many' }, 'SYNC_CONTROLLER_RETRY_ATTEMPTS: expected a whole number'],
    [{ SYNC_CONTROLLER_RETRY_ATEMPTS: '3' }, 'SYNC_CONTROLLER_RETRY_ATEMPTS: expected the name of a setting'],
  ])('settings of the environment are refused like those of the file: %j', async (env, part) => {
    const ran = await rig.syncctl(['status'], { env });
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([78, '', expect.stringMatching(sentence)]);
    expect(ran.stderr).toContain(part);
  });

  it('a settings file that the environment names is missed under the name of the variable', async () => {
    const ran = await runMain(['status'], { env: { SYNC_CONTROLLER_CONFIG: '/nonexistent.yaml' } });
    expect([ran.code, ran.stdout]).toEqual([78, '']);
    expect(ran.stderr).toMatch(
      /^\[✗\] environment variable SYNC_CONTROLLER_CONFIG: expected an existing file/u,
    );
  });

  it('a kubeconfig that is no YAML is refused without a line of it, in whatever detail', async () => {
    const kubeconfig = join(rig.folder, 'kubeconfig');
    writeFileSync(kubeconfig, 'users:\n- name: a\n  user:\n    token: hunter2hunter2\n  - broken: [\n');
    const ran = await rig.syncctl(['validate', '--kubeconfig', kubeconfig, '--debug']);
    expect(ran.code).toBe(exitCodes.unavailable);
    expect(ran.stderr).toContain('expected a kubeconfig, got an error: ');
    expect(ran.stderr).not.toContain('hunter2');
  });

  /** A machine of its own beside the daemon's: no daemon, no key. */
  const alone = async (words: readonly string[]): Promise<Ran> =>
    runMain(words, {
      env: {
        SYNC_CONTROLLER_DAEMON_STATE_DIRECTORY: join(rig.folder, 'alone'),
        SYNC_CONTROLLER_DAEMON_RUNTIME_DIRECTORY: join(rig.folder, 'alone'),
        SYNC_CONTROLLER_SSH_IDENTITY: '/no-such-folder',
        SSH_AUTH_SOCK: '',
      },
    });

  it('a command without a daemon tells every failure once, and starts nothing it was not asked for', async () => {
    const pushed = await alone(['push', '--registry', rig.registry]);
    expect([pushed.code, pushed.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^\[✗\] Failed to sync worker \(key_unusable: [^\n]+\); syncctl doctor\n\[⚠\] Sync complete: 0 succeeded, 1 failed\n$/u,
      ),
    ]);
    await alone(['pause', '--reason', 'moving house', '--registry', rig.registry]);
    const paused = await alone(['push', '--registry', rig.registry]);
    expect([paused.code, paused.stderr]).toEqual([exitCodes.conflict, expect.stringMatching(sentence)]);
    expect(await alone(['resume', '--registry', rig.registry])).toEqual({
      code: 0,
      stdout: '',
      stderr: '[✓] Pushing to all nodes goes on; hold it again with: syncctl pause --all --reason "…"\n',
    });
  });

  it('a command without a daemon fails where nothing is known, instead of pushing nothing with success', async () => {
    // The state of another source is no reason to go on, and none to hide why this one cannot be read.
    await alone(['push', '--registry', rig.registry]);
    for (const words of [['push'], ['reconcile'], ['plan']]) {
      const ran = await alone([...words, '--kubeconfig', '/no-such-folder']);
      expect([words, ran.code, ran.stdout]).toEqual([words, exitCodes.config, '']);
      expect(ran.stderr).toContain('/no-such-folder: expected a kubeconfig, got nothing there');
    }
  });

  it('shows a stack only with --debug', async () => {
    expect((await rig.syncctl(['push', 'nobody', '--debug'])).stderr).toMatch(/\n +at /u);
  });

  it('colours a terminal alone, and not with NO_COLOR', async () => {
    const line = `${process.execPath} ${main} push nobody --config ${rig.settings}`;
    const inTerminal = async (env: NodeJS.ProcessEnv): Promise<string> =>
      (
        await runProgram(['script', '-qec', line, '/dev/null'], {
          env: { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8', ...env },
        })
      ).stdout;
    expect(await inTerminal({ NO_COLOR: '' })).toContain('\u001B[31m[✗]\u001B[39m node: ');
    const plain = await inTerminal({ NO_COLOR: '1' });
    expect(plain).toContain('[✗] node: ');
    expect(plain).not.toMatch(colours);
  });

  it('lets no escape of a node through, on any way out', async () => {
    // It begins as a terminal title, then clears the screen.
    const sudo = join(rig.node(0).rootDir, 'usr/local/bin/sudo');
    writeFileSync(
      sudo,
      "#!/bin/sh\nprintf '\\033]0;owned\\007\\033[2J\\033[31mwhat a node says\\r\\n\\302\\233' >&2\nexit 1\n",
    );
    chmodSync(sudo, 0o755);
    for (const words of [
      ['push'],
      ['push', '-o', 'json'],
      ['health', '-o', 'wide'],
      ['doctor', 'worker'],
      ['status', '-o', 'yaml'],
      ['node', 'show', 'worker'],
    ]) {
      const ran = await rig.syncctl(words);
      expect(`${ran.stdout}${ran.stderr}`).toContain('what a node says');
      expect([words.join(' '), `${ran.stdout}${ran.stderr}${daemon.said()}`]).toEqual([
        words.join(' '),
        expect.not.stringMatching(controls),
      ]);
    }
  });
});
