import { describe, expect, it } from 'vitest';
import type { EnrolPort, FoundKey, FoundKeys, Installed } from '../../src/cli/enrol-port.ts';
import { ControllerDouble, offline, status } from './controller-double.ts';
import { demo, demoNodes, readKeyText, readKeyValue } from './registry-folder.ts';
import { site, type Site } from './support.ts';

const rows = (registry: string): Promise<any> => readKeyValue(registry, 'sync-controller-registry', 'registry.json');
const key = (letter: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;
const found = (letter: string, source: FoundKey['source'] = 'scan'): FoundKey => ({ key: key(letter), fingerprint: `SHA256:${letter.repeat(43)}`, source });

const enrolled = (publicDomain = '-'): Installed => ({
  ok: true,
  answer: { sc: 1, nonce: '0', result: 'ENROLLED', version: '1.0.0', previous: '-', missing: [], targets: [], public_domain: publicDomain, facts: {}, text: '' },
});

class EnrolDouble implements EnrolPort {
  shown: readonly FoundKey[] = [found('a')];
  known: readonly FoundKey[] = [];
  notes: readonly string[] = [];
  silent = false;
  installs: string[] = [];
  answer = enrolled();

  async keysOf(_node: unknown, from: 'known_hosts' | 'scan'): Promise<FoundKeys> {
    if (from === 'scan' && this.silent) throw new Error('no answer in 10 s');
    return { keys: from === 'scan' ? this.shown : this.known, notes: this.notes };
  }

  async install(node: { name: string }, flags: readonly string[]): Promise<Installed> {
    this.installs.push([node.name, ...flags].join(' '));
    return this.answer;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

async function withEnrol(enrol: EnrolDouble, options: { controller?: ControllerDouble; ask?: (question: string) => Promise<string> } = {}): Promise<Site & { controller: ControllerDouble }> {
  const controller = options.controller ?? new ControllerDouble();
  controller.state = status({ daemon: false });
  const made = await site(demo, { openEnrol: () => Promise.resolve(enrol), openController: () => Promise.resolve(controller), ask: options.ask });
  return { ...made, controller };
}

const added = ['node', 'add', '100.70.123.45', '--type', 'vps', '--name', 'hetzner-vps', '--user', 'sammy'];

describe('syncctl node add', () => {
  it('registers, pins, installs and proves by a push', async () => {
    const enrol = new EnrolDouble();
    const { run, registry, controller } = await withEnrol(enrol);
    const { code, err } = await run(...added, '--yes', '--label', 'region=eu');
    expect(err).toContain(`SHA256:${'a'.repeat(43)}`);
    expect(code).toBe(0);
    expect((await rows(registry)).vps_nodes[1]).toMatchObject({
      ip: '100.70.123.45',
      name: 'hetzner-vps',
      ssh_user: 'sammy',
      status: 'pending_sync',
      last_sync: null,
      sync_controller: { labels: { region: 'eu' }, host_keys: [{ key: key('a'), source: 'scan' }] },
    });
    expect(enrol.installs).toEqual(['hetzner-vps']);
    expect(controller.asked.at(-1)).toMatchObject({ what: 'push', with: { nodes: ['vps_nodes@100.70.123.45'] } });
  });

  it('takes what was seen before rather than what is shown now', async () => {
    const enrol = new EnrolDouble();
    enrol.known = [found('k', 'known_hosts')];
    const { run, registry } = await withEnrol(enrol);
    await run(...added, '--yes');
    expect((await rows(registry)).vps_nodes[1].sync_controller.host_keys).toMatchObject([{ key: key('k'), source: 'known_hosts' }]);
  });

  it('trusts a given fingerprint without a question, and nothing where the node shows another', async () => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    expect((await run(...added, '--fingerprint', `SHA256:${'a'.repeat(43)}`, '--no-install')).code).toBe(0);
    expect((await rows(registry)).vps_nodes[1].sync_controller.host_keys).toMatchObject([{ source: 'given' }]);
    const other = await withEnrol(new EnrolDouble());
    expect((await other.run(...added, '--fingerprint', `SHA256:${'b'.repeat(43)}`)).code).toBe(65);
    expect((await rows(other.registry)).vps_nodes).toHaveLength(1);
  });

  it('writes nothing without a confirmation', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const before = await readKeyText(registry, 'sync-controller-registry', 'registry.json');
    expect((await run(...added)).code).toBe(64);
    const no = await withEnrol(new EnrolDouble(), { ask: () => Promise.resolve('no') });
    expect((await no.run(...added)).code).toBe(1);
    expect(await readKeyText(registry, 'sync-controller-registry', 'registry.json')).toBe(before);
  });

  it('keeps the row of a node that does not answer, untrusted, and says how it goes on', async () => {
    const enrol = new EnrolDouble();
    enrol.silent = true;
    const { run, registry } = await withEnrol(enrol);
    const { code, err } = await run(...added);
    expect(code).toBe(1);
    expect(err).toContain('hetzner-vps is not trusted yet (no answer in 10 s)');
    expect((await rows(registry)).vps_nodes[1]).not.toHaveProperty('sync_controller');
    expect(enrol.installs).toEqual([]);
  });

  it('takes the public domain over that the old set-up left on a VPS', async () => {
    const enrol = new EnrolDouble();
    enrol.answer = enrolled('old.example.com');
    const { run, registry } = await withEnrol(enrol);
    await run(...added, '--yes');
    expect((await rows(registry)).vps_nodes[1].sync_controller.public_domain).toBe('old.example.com');
  });

  it('exits 1 with the remedy where the receiver cannot be installed', async () => {
    const enrol = new EnrolDouble();
    enrol.answer = { ok: false, cause: 'sudo', evidence: 'a password is required', reachable: true };
    const { run, controller } = await withEnrol(enrol);
    const { code, err } = await run(...added, '--yes');
    expect(code).toBe(1);
    expect(err).toContain('(sudo: a password is required); syncctl doctor hetzner-vps');
    expect(controller.done).toEqual([]);
  });

  it('upgrades a known node and keeps its row', async () => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    const { code } = await run('node', 'add', '100.68.225.92', '--type', 'vps_nodes', '--upgrade', '--yes');
    expect(code).toBe(0);
    expect(enrol.installs).toEqual(['contabo-vps replace retarget']);
    expect((await rows(registry)).vps_nodes).toMatchObject([{ name: 'contabo-vps', ssh_user: 'sammy', status: 'active', last_sync: '2025-11-21T20:45:00Z' }]);
  });

  it('exits 1 where the push does not verify it', async () => {
    const controller = new ControllerDouble();
    controller.reports = [offline('hetzner-vps')];
    const { run } = await withEnrol(new EnrolDouble(), { controller });
    expect((await run(...added, '--yes')).code).toBe(1);
  });

  it.each([
    ['type', ['100.1.1.1', '--type', 'server']],
    ['address', ['localhost', '--type', 'vps']],
    ['user', ['100.1.1.1', '--type', 'vps', '--user', '-oProxyCommand=x']],
    ['name', ['100.1.1.1', '--type', 'vps', '--name', 'a b']],
    ['port', ['100.1.1.1', '--type', 'vps', '--port', '0']],
    ['label', ['100.1.1.1', '--type', 'vps', '--label', 'x']],
    ['domain', ['100.1.1.1', '--type', 'vps', '--public-domain', 'x']],
  ])('refuses a bad %s before anything is touched (B17, B18)', async (_what, words) => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const before = await readKeyText(registry, 'sync-controller-registry', 'registry.json');
    expect((await run('node', 'add', ...words, '--yes')).code).toBe(64);
    expect(await readKeyText(registry, 'sync-controller-registry', 'registry.json')).toBe(before);
  });
});

describe('syncctl node trust', () => {
  it('shows every fingerprint and asks once for all', async () => {
    const questions: string[] = [];
    const { run, registry } = await withEnrol(new EnrolDouble(), { ask: async (question) => (questions.push(question), 'y') });
    const { code, err, out } = await run('node', 'trust', '--all', '--from', 'scan');
    expect(code).toBe(0);
    expect(questions).toHaveLength(1);
    expect(err.match(/SHA256:/gu)).toHaveLength(3);
    expect(out).toBe('vinay-laptop: pinned\ndev-laptop: pinned\ncontabo-vps: pinned\n');
    const { vps_nodes, management_laptops } = await rows(registry);
    for (const row of [...vps_nodes, ...management_laptops]) expect(row.sync_controller.host_keys).toMatchObject([{ key: key('a'), source: 'scan' }]);
  });

  it('changes nothing, and asks nothing, where all is pinned', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    const before = await readKeyText(registry, 'sync-controller-registry', 'registry.json');
    const { code, out } = await run('node', 'trust', 'contabo-vps', '--from', 'scan');
    expect(code).toBe(0);
    expect(out).toBe('contabo-vps: unchanged\n');
    expect(await readKeyText(registry, 'sync-controller-registry', 'registry.json')).toBe(before);
  });

  it('refuses a changed key, until it is told to replace', async () => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    enrol.shown = [found('b')];
    const refused = await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('CHANGED');
    expect((await rows(registry)).vps_nodes[0].sync_controller.host_keys[0].key).toBe(key('a'));
    expect((await run('node', 'trust', 'contabo-vps', '--from', 'scan', '--replace', '--yes')).code).toBe(0);
    expect((await rows(registry)).vps_nodes[0].sync_controller.host_keys.map((pin: any) => pin.key)).toEqual([key('b')]);
  });

  it('tells what was found beside the keys', async () => {
    const enrol = new EnrolDouble();
    enrol.notes = ['100.68.225.92: the key SHA256:x is marked @revoked and is refused'];
    expect((await (await withEnrol(enrol)).run('node', 'trust', 'contabo-vps', '--from', 'scan', '--yes')).err).toContain('is marked @revoked');
  });

  it('exits 1 where a node shows nothing, and pins the others', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const { code, err } = await run('node', 'trust', '--all', '--from', 'known_hosts', '--yes');
    expect(code).toBe(1);
    expect(err).toContain('no known_hosts file knows it');
    expect((await rows(registry)).vps_nodes[0]).not.toHaveProperty('sync_controller');
  });

  it.each([[[]], [['--all', 'contabo-vps']], [['contabo-vps', '--from', 'dns']]])('refuses %j', async (words) => {
    expect((await (await withEnrol(new EnrolDouble())).run('node', 'trust', ...words)).code).toBe(64);
  });
});

describe('syncctl node remove and restore', () => {
  it('hand the node to the controller after a confirmation', async () => {
    const { run, controller } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'remove', 'dev-laptop')).code).toBe(64);
    expect(controller.done).toEqual([]);
    expect((await run('node', 'remove', 'dev-laptop', '--abandon', '--yes', '--reason', 'lost')).code).toBe(0);
    expect(controller.asked.at(-1)).toEqual({ what: 'removeNode', with: { node: 'dev-laptop', abandon: true, actor: { who: 'ada', reason: 'lost' } } });
    expect((await run('node', 'restore', 'dev-laptop')).code).toBe(0);
    expect(controller.asked.at(-1)?.what).toBe('restoreNode');
  });

  it('exit 1 while a tombstone waits for the node', async () => {
    const { run, controller } = await withEnrol(new EnrolDouble());
    controller.removal = { ...controller.removal, name: 'dev-laptop', result: 'pending', cause: 'timeout', evidence: 'no answer' };
    const { code, err, out } = await run('node', 'remove', 'dev-laptop', '--yes');
    expect(code).toBe(1);
    expect(out).toBe('dev-laptop: pending\n');
    expect(err).toContain('syncctl node remove dev-laptop --abandon');
  });
});

describe('syncctl register', () => {
  it("writes the predecessor's row and keeps every unknown field", async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    const { code } = await run('register', 'worker_nodes', '100.86.112.200', 'worker-01', 'root', '9090');
    expect(code).toBe(0);
    const after = await rows(registry);
    expect(after.worker_nodes[0]).toMatchObject({ ip: '100.86.112.200', name: 'worker-01', ssh_user: 'root', webhook_port: 9090, repo_path: '', last_sync: null });
    expect(after.vps_nodes).toEqual(demoNodes.vps_nodes);
    expect(after.metadata.version).toBe('1.0');
    expect(after.metadata.updated_by).toMatch(/^ada@/u);
  });

  it("never takes this machine's name for a node's (B20), and no log lines for its user (B21)", async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    await run('register', 'vps_nodes', '100.70.1.1');
    expect((await rows(registry)).vps_nodes[1]).not.toHaveProperty('name');
    expect((await run('register', 'vps_nodes', '100.70.1.2', 'x', '[INFO] detecting\nroot')).code).toBe(64);
  });

  it('renames a known node in its place, with status and history kept', async () => {
    const { run, registry } = await withEnrol(new EnrolDouble());
    await run('register', 'management_laptops', '100.86.112.112', 'renamed', 'vinaysachdeva');
    expect((await rows(registry)).management_laptops[0]).toEqual({ ...demoNodes.management_laptops[0], name: 'renamed' });
  });

  it.each([[['bogus', '100.1.1.1']], [['vps_nodes', 'x']], [['vps_nodes']]])('ends with 64 on %j', async (words) => {
    expect((await (await withEnrol(new EnrolDouble())).run('register', ...words)).code).toBe(64);
  });
});

describe('syncctl node list, show and stats', () => {
  it('show the rows and what is known of them', async () => {
    const { run } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'list')).out).toMatch(/^contabo-vps +vps_nodes +100\.68\.225\.92 +sammy +active/mu);
    const shown = await run('node', 'show', 'contabo-vps');
    expect(shown.out).toContain('Login:');
    expect(shown.out).toContain('none is pinned; syncctl node trust contabo-vps --from scan');
    expect((await run('node', 'show', 'nobody')).code).toBe(66);
  });

  it("count as the predecessor's stats did", async () => {
    const { run } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'stats')).out).toBe(
      'Registry Statistics:\n  Management Laptops: 2\n  VPS Nodes: 1\n  Worker Nodes: 0\n  Last Updated: 2025-11-21T20:45:00Z\n  Updated By: root@cp\n',
    );
  });
});
