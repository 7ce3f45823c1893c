import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { fleetAvailable } from '../fleet/availability.ts';
import type { CommandResult } from '../fleet/types.ts';
import { connectKube } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { firstNodePage } from './first-node-page.ts';
import { runFirstNode } from './first-node-run.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const ready = fleetAvailable('namespaces').available && systemdAvailable().available;
const settings = '/etc/sync-controller/config.yaml';

describe.skipIf(!ready)('the first minute on a fresh machine', { timeout: 300_000 }, () => {
  it('is three commands to a verified node, as the manual shows it', async () => {
    const { transcript, commands } = await runFirstNode();
    expect(commands).toHaveLength(3);
    const page = readFileSync(new URL('../../docs/first-node.md', import.meta.url), 'utf8');
    expect(firstNodePage(transcript)).toBe(page);
  });
});

describe.skipIf(!ready)('syncctl init', { timeout: 300_000 }, () => {
  let machine: SystemdMachine;
  const at = (path: string): string => join(machine.rootDir, path);
  const init = (...words: readonly string[]): Promise<CommandResult> =>
    machine.run('syncctl', 'init', ...words);
  const made = [
    settings,
    '/etc/sync-controller/registry',
    '/root/.ssh/mynodeone_id_ed25519',
    '/etc/systemd/system/sync-controller.service',
  ];

  beforeAll(async () => {
    machine = await bootMachine();
    rmSync(at('/etc/systemd/system/sync-controller.service'));
    rmSync(at('/etc/sync-controller'), { recursive: true });
    await machine.run('systemctl', 'daemon-reload');
  }, 300_000);
  afterAll(() => machine.stop());

  it('says in one sentence what it needs where nobody can be asked, and does nothing', async () => {
    const { code, stderr } = await init();
    expect(code).toBe(64);
    expect(stderr).toContain('[✗] Do this: expected a confirmation, got no terminal to ask at; pass --yes');
    expect(made.filter((path) => existsSync(at(path)))).toEqual([]);
  });

  it('shows with --dry-run every byte it would write, and does nothing', async () => {
    const { code, stderr } = await init('--dry-run');
    expect(code).toBe(0);
    expect(stderr).toContain('kind: directory');
    expect(made.filter((path) => existsSync(at(path)))).toEqual([]);
  });

  it('refuses a cluster that is there and does not answer, instead of choosing a folder beside it', async () => {
    mkdirSync(at('/etc/rancher/k3s'), { recursive: true });
    const cluster = 'clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]';
    const rest =
      'contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: x}}]\ncurrent-context: c\n';
    writeFileSync(at('/etc/rancher/k3s/k3s.yaml'), `apiVersion: v1\nkind: Config\n${cluster}\n${rest}`);
    const { code, stderr } = await init('--yes');
    expect(code).toBe(69);
    expect(stderr).toContain('/etc/rancher/k3s/k3s.yaml is there');
    expect(stderr).toContain('syncctl init --source directory');
    expect(made.filter((path) => existsSync(at(path)))).toEqual([]);
    rmSync(at('/etc/rancher'), { recursive: true });
  });

  it('refuses wrong words, and does nothing', async () => {
    for (const words of [
      ['--source', 'etcd'],
      ['--cluster-domain', 'a b'],
      ['--public-domain', 'http://x'],
    ]) {
      const { code, stderr } = await init('--yes', ...words);
      expect([words, code]).toEqual([words, 64]);
      expect(stderr).toMatch(/expected .*, got /u);
    }
    expect(made.filter((path) => existsSync(at(path)))).toEqual([]);
  });

  it('sets the machine up, and a second run finds it so', async () => {
    expect(await init('--yes', '--cluster-domain', 'home')).toMatchObject({ code: 0 });
    expect(made.filter((path) => !existsSync(at(path)))).toEqual([]);
    expect(await machine.property('ActiveState')).toBe('active');
    const text = readFileSync(at(settings), 'utf8');
    const pid = await machine.property('MainPID');
    writeFileSync(at(settings), `${text}# mine\n`);
    const again = await init('--yes', '--no-start');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('all of it is set up already');
    expect(readFileSync(at(settings), 'utf8')).toBe(`${text}# mine\n`);
    expect(await machine.property('MainPID')).toBe(pid);
  });

  it('overwrites settings only with --force, and keeps what stood there', async () => {
    const before = readFileSync(at(settings), 'utf8');
    expect(await init('--yes', '--force', '--no-start')).toMatchObject({ code: 0 });
    expect(readFileSync(at(settings), 'utf8')).not.toContain('# mine');
    expect(readFileSync(at(`${settings}.before-init`), 'utf8')).toBe(before);
  });

  it('prints undo lines that leave nothing behind', async () => {
    rmSync(at('/etc/sync-controller'), { recursive: true });
    rmSync(at('/root/.ssh'), { recursive: true });
    await machine.run('systemctl', 'disable', '--now', 'sync-controller');
    rmSync(at('/etc/systemd/system/sync-controller.service'));
    await machine.run('systemctl', 'daemon-reload');
    const { stderr } = await init('--yes');
    const undos = [...stderr.matchAll(/To undo: (.*)$/gmu)].map(([, line = '']) =>
      line.replaceAll('sudo ', ''),
    );
    expect(undos.length).toBe(5);
    for (const line of undos.toReversed())
      expect([line, (await machine.run('bash', '-c', line)).code]).toEqual([line, 0]);
    expect(made.filter((path) => existsSync(at(path)))).toEqual([]);
    expect(await machine.property('LoadState')).toBe('not-found');
  });
});

const kubeReady = kubeAvailable();
const hasKubectl = existsSync('/usr/bin/kubectl');

describe.skipIf(!ready || !kubeReady.available)('syncctl init beside K3s', { timeout: 300_000 }, () => {
  let machine: SystemdMachine;
  let kube: KubeServer;

  beforeAll(async () => {
    [machine, kube] = await Promise.all([bootMachine(), startKube()]);
    mkdirSync(join(machine.rootDir, 'etc/rancher/k3s'), { recursive: true });
    writeFileSync(join(machine.rootDir, 'etc/rancher/k3s/k3s.yaml'), readFileSync(kube.kubeconfig));
  }, 300_000);
  afterAll(async () => {
    await machine.stop();
    await kube.stop();
  });

  it('finds it, creates the ConfigMaps that are missing, and never touches those that exist', async () => {
    expect(await machine.run('syncctl', 'init', '--yes')).toMatchObject({ code: 0 });
    expect(readFileSync(join(machine.rootDir, settings), 'utf8')).toContain(
      'kubeconfig: "/etc/rancher/k3s/k3s.yaml"',
    );
    expect(readFileSync(join(machine.rootDir, 'etc/sync-controller/rbac.yaml'), 'utf8')).toContain(
      'kind: RoleBinding',
    );
    const valid = await machine.run('syncctl', 'validate', '-o', 'json');
    expect(JSON.parse(valid.stdout)).toMatchObject({ valid: true, source: { kind: 'kubernetes' } });
    const api = await connectKube(kube.kubeconfig);
    const versions = async (): Promise<readonly string[]> => {
      const { body } = await api.call('GET', '/api/v1/namespaces/kube-system/configmaps');
      const items = body.items as { metadata: { name: string; resourceVersion: string } }[];
      return items
        .filter(({ metadata }) => !metadata.name.startsWith('sync-controller-'))
        .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
    };
    const before = await versions();
    expect(before.length).toBeGreaterThanOrEqual(3);
    const again = await machine.run('syncctl', 'init', '--yes', '--no-start');
    expect(again.stderr).toContain('all of it is set up already');
    expect(await versions()).toEqual(before);
  });

  const rbac = '/etc/sync-controller/rbac.yaml';
  const k3s = '/etc/rancher/k3s/k3s.yaml';
  const apply = (...words: readonly string[]): Promise<CommandResult> =>
    machine.run('kubectl', '--kubeconfig', k3s, 'apply', ...words);
  const roles = async (): Promise<readonly string[]> => {
    const api = await connectKube(kube.kubeconfig);
    const { body } = await api.call('GET', '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles');
    return (body as { items: { metadata: { name: string; resourceVersion: string } }[] }).items
      .filter(({ metadata }) => metadata.name.startsWith('sync-controller'))
      .map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
  };

  it.skipIf(!hasKubectl)(
    'writes manifests that the real kubectl has the server take, every field of them',
    async () => {
      const { code, stderr } = await apply('--dry-run=server', '--validate=strict', '-f', rbac);
      expect([code, stderr]).toEqual([0, '']);
      // The manifests of a folder are those that a cluster takes unchanged.
      await machine.run('mv', settings, '/root/kept.yaml');
      const words = ['--source', 'directory', '--registry', '/root/registry'];
      const made = await machine.run('syncctl', 'init', '--yes', '--no-unit', ...words);
      expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('/root/registry')]);
      const judged = await apply('--dry-run=server', '--validate=strict', '-f', '/root/registry');
      // They are there already, without the note that kubectl leaves of what it has applied.
      expect([judged.code, judged.stdout.match(/\(server dry run\)/gu)?.length]).toEqual([0, 4]);
      await machine.run('mv', '/root/kept.yaml', settings);
      expect(await roles()).toEqual([]);
    },
  );

  it.skipIf(!hasKubectl)(
    'applies the least rights, once and again, and its undo takes them back',
    async () => {
      const words = ['init', '--yes', '--no-start', '--apply-rbac'];
      const first = await machine.run('syncctl', ...words);
      expect([first.code, first.stderr]).toEqual([
        0,
        expect.stringContaining(`apply ${rbac} to the cluster of ${k3s}`),
      ]);
      const applied = await roles();
      expect(applied.length).toBeGreaterThan(0);
      expect((await machine.run('syncctl', ...words)).code).toBe(0);
      expect(await roles()).toEqual(applied);
      const [, undo = ''] = /To undo: sudo (.*delete -f .*)$/mu.exec(first.stderr) ?? [];
      expect([undo, (await machine.run('bash', '-c', undo)).code]).toEqual([undo, 0]);
      expect(await roles()).toEqual([]);
    },
  );

  it.skipIf(!hasKubectl)('says in one sentence whose rights are missing, and applies nothing', async () => {
    expect((await apply('-f', rbac)).code).toBe(0);
    const before = await roles();
    const api = await connectKube(kube.kubeconfig);
    const token = await api.token('kube-system', 'sync-controller');
    const admin = readFileSync(join(machine.rootDir, k3s), 'utf8');
    const config = parse(admin) as { users: { user: object }[] };
    for (const one of config.users) one.user = { token };
    writeFileSync(join(machine.rootDir, k3s), stringify(config));
    writeFileSync(
      join(machine.rootDir, rbac),
      readFileSync(join(machine.rootDir, rbac), 'utf8').replace('[get, list', '[patch, get, list'),
    );
    const { code, stderr } = await machine.run('syncctl', 'init', '--yes', '--no-start', '--apply-rbac');
    expect([code, stderr]).toEqual([
      77,
      expect.stringMatching(/expected an account that may grant rights in \S+, got: .*forbidden/u),
    ]);
    expect(stderr).toContain('with the kubeconfig of an administrator');
    expect(await roles()).toEqual(before);
    writeFileSync(join(machine.rootDir, k3s), admin);
  });

  it('says in one sentence that kubectl is missing, before it does anything', async () => {
    rmSync(join(machine.rootDir, rbac));
    const bare = [
      'env',
      'PATH=/usr/local/bin',
      '/usr/bin/syncctl',
      'init',
      '--yes',
      '--no-unit',
      '--apply-rbac',
    ];
    const { code, stderr } = await machine.run(...bare);
    expect([code, stderr]).toEqual([
      69,
      expect.stringContaining('expected kubectl on this machine, got none'),
    ]);
    expect(existsSync(join(machine.rootDir, rbac))).toBe(false);
  });
});
