import { describe, expect, it } from 'vitest';
import { ControllerDouble, offline, status } from './controller-double.ts';
import { EnrolDouble, enrolled, found, key, rows, withEnrol } from './enrol-double.ts';
import { demo, demoNodes, readKeyText } from './registry-folder.ts';
import { site } from './support.ts';

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
    expect(controller.asked.at(-1)).toMatchObject({
      what: 'push',
      with: { nodes: ['vps_nodes@100.70.123.45'] },
    });
  });

  it('takes what was seen before rather than what is shown now', async () => {
    const enrol = new EnrolDouble();
    enrol.known = [found('k', 'known_hosts')];
    const { run, registry } = await withEnrol(enrol);
    await run(...added, '--yes');
    expect((await rows(registry)).vps_nodes[1].sync_controller.host_keys).toMatchObject([
      { key: key('k'), source: 'known_hosts' },
    ]);
  });

  it('trusts a given fingerprint without a question, and nothing where the node shows another', async () => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    expect((await run(...added, '--fingerprint', `SHA256:${'a'.repeat(43)}`, '--no-install')).code).toBe(0);
    expect((await rows(registry)).vps_nodes[1].sync_controller.host_keys).toMatchObject([
      { source: 'given' },
    ]);
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
    expect((await rows(registry)).vps_nodes).toMatchObject([
      { name: 'contabo-vps', ssh_user: 'sammy', status: 'active', last_sync: '2025-11-21T20:45:00Z' },
    ]);
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

const removals = ({ asked }: ControllerDouble): readonly unknown[] =>
  asked.filter(({ what }) => what === 'removeNode').map((one) => one.with);

describe('syncctl node remove and restore', () => {
  it('hand the node to the controller after a confirmation', async () => {
    const { run, controller } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'remove', 'dev-laptop')).code).toBe(64);
    expect(removals(controller)).toMatchObject([{ dryRun: true }]);
    expect((await run('node', 'remove', 'dev-laptop', '--abandon', '--yes', '--reason', 'lost')).code).toBe(
      0,
    );
    expect(controller.asked.at(-1)).toEqual({
      what: 'removeNode',
      with: { node: 'dev-laptop', abandon: true, dryRun: false, actor: { who: 'ada', reason: 'lost' } },
    });
    expect((await run('node', 'restore', 'dev-laptop')).code).toBe(0);
    expect(controller.asked.at(-1)?.what).toBe('restoreNode');
  });

  it('show what goes before they ask, and how it comes back afterwards', async () => {
    const { run, controller } = await withEnrol(new EnrolDouble());
    controller.removal = {
      ...controller.removal,
      name: 'contabo-vps',
      changes: [
        {
          path: 'domain-registry/routing.json/demo/vps_nodes',
          change: 'loses 100.68.225.92; no VPS is left: it is served nowhere',
        },
      ],
      hostsRemoved: ['demo.curiios.com'],
      undo: ['syncctl node add 100.68.225.92 --type vps_nodes --user sammy --name contabo-vps'],
    };
    const refused = await run('node', 'remove', 'contabo-vps');
    expect(refused.code).toBe(64);
    expect(refused.err).toMatch(
      /^domain-registry\/routing\.json\/demo\/vps_nodes: loses .*\nNo VPS serves demo\.curiios\.com any more\n.*--yes/su,
    );
    expect(refused.err).not.toContain('To undo');
    const dry = await run('node', 'remove', 'contabo-vps', '--dry-run');
    expect([dry.code, dry.out]).toEqual([0, 'contabo-vps: planned\n']);
    expect(dry.err).toContain('No VPS serves demo.curiios.com any more');
    expect(removals(controller)).toMatchObject([{ dryRun: true }, { dryRun: true }]);
    const { err } = await run('node', 'remove', 'contabo-vps', '--yes');
    expect(err).toContain('To undo: syncctl node add 100.68.225.92 --type vps_nodes');
  });

  it('name what the row of a VPS does not bring back', async () => {
    const { run } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'restore', 'contabo-vps')).err).not.toContain('[⚠]');
    const controller = new ControllerDouble();
    controller.state = status({ daemon: false });
    const bare = await site(
      {
        ...demo,
        domains: { domains: {}, vps_nodes: [] },
        routing: { demo: { domains: ['curiios.com'], vps_nodes: [], strategy: 'geo' } },
      },
      { openController: () => Promise.resolve(controller) },
    );
    const { err } = await bare.run('node', 'restore', 'contabo-vps');
    expect(err).toContain('contabo-vps has no record for public DNS: syncctl domain add --vps 100.68.225.92');
    expect(err).toContain('no route names contabo-vps');
    expect(err).toContain(
      'demo is served nowhere: syncctl domain route demo curiios.com --vps 100.68.225.92',
    );
  });

  it('exit 1 while a tombstone waits for the node', async () => {
    const { run, controller } = await withEnrol(new EnrolDouble());
    controller.removal = {
      ...controller.removal,
      name: 'dev-laptop',
      result: 'pending',
      cause: 'timeout',
      evidence: 'no answer',
    };
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
    expect(after.worker_nodes[0]).toMatchObject({
      ip: '100.86.112.200',
      name: 'worker-01',
      ssh_user: 'root',
      webhook_port: 9090,
      repo_path: '',
      last_sync: null,
    });
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
    expect((await rows(registry)).management_laptops[0]).toEqual({
      ...demoNodes.management_laptops[0],
      name: 'renamed',
    });
  });

  it.each([[['bogus', '100.1.1.1']], [['vps_nodes', 'x']], [['vps_nodes']]])(
    'ends with 64 on %j',
    async (words) => {
      expect((await (await withEnrol(new EnrolDouble())).run('register', ...words)).code).toBe(64);
    },
  );
});

describe('syncctl node list, show and stats', () => {
  it('show the rows and what is known of them', async () => {
    const { run } = await withEnrol(new EnrolDouble());
    expect((await run('node', 'list')).out).toMatch(
      /^contabo-vps +vps_nodes +100\.68\.225\.92 +sammy +active/mu,
    );
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
