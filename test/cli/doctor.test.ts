import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { thisHost, type Host, type PortAnswer } from '../../src/cli/doctor/host.ts';
import { examine } from '../../src/cli/doctor/index.ts';
import type { DoctorPorts, NodeLook } from '../../src/cli/doctor/ports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { demo, demoNodes } from './registry-folder.ts';
import { site, type Ran } from './support.ts';

const now = (): number => Math.round(systemClock.now() / 1000);
const well = (changes: Partial<NodeLook & { ok: true }> = {}, facts = {}): NodeLook => ({
  ok: true,
  facts: { receiver: '1.0.0', hostname: 'x', clock: now(), legacy: 0, ...facts },
  rungs: { digest: 'ok', parsed: 'ok', raw: 'ok', answers: 'ok' },
  result: 'CHECKED',
  text: '',
  ...changes,
});

/** A machine on which all is well, but for what the test says. */
interface World {
  readonly programs?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly port?: PortAnswer;
  readonly dns?: Readonly<Record<string, readonly string[]>>;
  readonly look?: NodeLook;
  readonly ports?: Partial<DoctorPorts>;
}

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n';
const sound = {
  programs: {
    'systemctl show -p LoadState': 'LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n',
    'systemctl show -p Id': 'Id=sync-controller.service\nActiveState=active\n',
    'tailscale status': JSON.stringify({ Self: {}, Peer: Object.fromEntries(['100.86.112.112', '100.86.112.113', '100.68.225.92'].map((ip) => [ip, { TailscaleIPs: [ip], Online: true }])) }),
  },
  files: { '/etc/nsswitch.conf': 'passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n', '/etc/hosts': '127.0.0.1 localhost\n', '/key': key },
  dns: { 'demo.curiios.com': ['45.8.133.192'] },
};

function hostOf(world: World): Host {
  const programs: Readonly<Record<string, string | undefined>> = { ...sound.programs, ...world.programs };
  const files: Readonly<Record<string, string>> = { ...sound.files, ...world.files };
  return {
    exec: async (file, args) => {
      const line = [file, ...args].join(' ');
      const known = Object.entries(programs).find(([start]) => line.startsWith(start))?.[1];
      return known === undefined ? undefined : { code: 0, stdout: known };
    },
    read: async (path) => files[path],
    list: async (folder) => Object.keys(files).filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    stat: async (path) => (path in files ? { mode: world.modes?.[path] ?? 0o600, uid: 1000, isSocket: path.endsWith('.sock') } : undefined),
    connect: async () => world.port ?? 'open',
    resolve: async (name) => world.dns?.[name] ?? (world.dns === undefined ? (sound.dns as Record<string, string[]>)[name] ?? [] : []),
  };
}

async function examined(world: World, words: readonly string[] = ['-o', 'json'], content = demo): Promise<Ran> {
  const ports: DoctorPorts = {
    look: async () => world.look ?? well(),
    kubernetes: undefined,
    identities: ['/key'],
    agentSocket: undefined,
    defaultPort: 22,
    close: async () => undefined,
    ...world.ports,
  };
  const { run } = await site(content, { host: hostOf(world), openDoctor: () => Promise.resolve(ports) });
  return run('doctor', ...words);
}

async function problems(world: World, content = demo): Promise<readonly { check: string; subject: string; level: string; message: string; remedy: string }[]> {
  const { out } = await examined(world, ['-o', 'json'], content);
  return JSON.parse(out).findings.filter(({ level, check }: { level: string; check: string }) => (level === 'error' || level === 'warning') && check !== 'daemon');
}

describe('syncctl doctor', () => {
  it('finds nothing on a machine that is well, but that no daemon runs', async () => {
    expect(await problems({})).toEqual([]);
    const { code, out } = await examined({}, []);
    expect(code).toBe(0);
    expect(out).toMatch(/^\[⚠\] daemon: daemon: no daemon runs.*\n0 errors, 1 warnings/u);
  });

  it.each<[string, World, string, RegExp, RegExp]>([
    ['a dead unit', { programs: { 'systemctl show -p LoadState': 'LoadState=loaded\nActiveState=failed\nSubState=failed\nNRestarts=5\n' } }, 'unit', /is failed/u, /systemctl restart sync-controller/u],
    ['a unit that keeps dying', { programs: { 'systemctl show -p LoadState': 'LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=9\n' } }, 'unit', /restarted 9 times/u, /syncctl logs/u],
    ['a key that others can read', { modes: { '/key': 0o644 } }, 'key', /read by others \(mode 644\)/u, /chmod 600 \/key/u],
    ['no key and no agent', { ports: { identities: ['/none'] } }, 'key', /no private key is there/u, /ssh-keygen -t ed25519/u],
    ['a public key in its place', { files: { '/key': 'ssh-ed25519 AAAA' } }, 'key', /is no private key/u, /ssh-keygen -l/u],
    ['a key with a passphrase', { files: { '/key': '-----BEGIN ENCRYPTED PRIVATE KEY-----\nPRIVATE KEY-----' } }, 'key', /has a passphrase/u, /ssh-keygen -p/u],
    ['a dead agent', { ports: { agentSocket: '/gone.sock' } }, 'key', /is no socket/u, /ssh-agent/u],
    ['a resolver that asks the DNS first', { files: { '/etc/nsswitch.conf': 'hosts: dns files\n' } }, 'resolver', /asks dns before \/etc\/hosts/u, /nsswitch/u],
    ['a resolver without /etc/hosts', { files: { '/etc/nsswitch.conf': 'hosts: dns\n' } }, 'resolver', /does not read/u, /nsswitch/u],
    ["the predecessor's daemon", { programs: { 'systemctl show -p Id': 'Id=mynodeone-sync-controller.service\nActiveState=active\n' } }, 'writers', /still pushes/u, /systemctl disable --now/u],
    ['cloud-init', { files: { '/etc/cloud/cloud.cfg': 'manage_etc_hosts: true\n' } }, 'writers', /cloud-init rewrites/u, /manage_etc_hosts: false/u],
    ['blocks of older tools', { files: { '/etc/hosts': '# MyNodeOne Services - Auto-synced on x\n' } }, 'writers', /blocks of older tools/u, /push/u],
    ['a refused port', { port: 'refused' }, 'way', /is refused: the machine is up/u, /systemctl start ssh/u],
    ['a silent port', { port: 'silent' }, 'way', /is silent/u, /tailscale ping/u],
    ['no route', { port: 'no route' }, 'way', /no way to/u, /tailscale status/u],
    ['a peer that left', { programs: { 'tailscale status': '{"Peer":{}}' } }, 'way', /is no peer/u, /tailscale up/u],
    ['a peer that is offline', { programs: { 'tailscale status': JSON.stringify({ Peer: { a: { TailscaleIPs: ['100.68.225.92', '100.86.112.112', '100.86.112.113'], Online: false } } }) } }, 'way', /is offline in Tailscale/u, /start the machine/u],
    ['a changed host key', { look: { ok: false, cause: 'hostkey_changed', evidence: 'SHA256:x', reachable: true } }, 'login', /another host key/u, /node trust .* --replace/u],
    ['a refused login', { look: { ok: false, cause: 'auth', evidence: '', reachable: true } }, 'login', /refuses our key/u, /ssh-copy-id/u],
    ['missing sudo', { look: { ok: false, cause: 'sudo', evidence: 'a password is required', reachable: true } }, 'login', /sudo/u, /sudoers\.d/u],
    ['a missing receiver', { look: { ok: false, cause: 'receiver_missing', evidence: '', reachable: true } }, 'login', /receiver is not installed/u, /syncctl node add/u],
    ['a dead Traefik', { look: well({ rungs: { raw: 'down' } }) }, 'login', /Traefik does not answer/u, /docker compose restart/u],
    ['a Traefik that serves something else', { look: well({ rungs: { raw: 'ok', answers: 'bad' } }) }, 'login', /does not serve/u, /docker/u],
    ['a node that does not resolve', { look: well({ rungs: { resolves: 'bad' } }) }, 'login', /does not read \/etc\/hosts first/u, /nsswitch/u],
    ['a clock that is ahead', { look: well({}, { clock: now() + 600 }) }, 'login', /its clock is \d+ s ahead/u, /timedatectl/u],
    ['another writer on a node', { look: well({}, { legacy: 2 }) }, 'login', /2 blocks of older tools/u, /syncctl push/u],
    ['a name without a record', { dns: {} }, 'dns', /has no public DNS record/u, /demo\.curiios\.com A 45\.8\.133\.192/u],
    ['a name that leads elsewhere', { dns: { 'demo.curiios.com': ['1.2.3.4'] } }, 'dns', /no VPS of ours/u, /A 45\.8\.133\.192/u],
    ['a name that leads also elsewhere', { dns: { 'demo.curiios.com': ['1.2.3.4', '45.8.133.192'] } }, 'dns', /leads also to 1\.2\.3\.4/u, /remove 1\.2\.3\.4/u],
    ['a dead API server', { ports: { kubernetes: { version: () => Promise.reject(new Error('connect ECONNREFUSED')), rights: async () => [] } }, programs: { 'systemctl is-active k3s': 'failed\n' } }, 'kubernetes', /does not answer/u, /restart k3s/u],
    ['a missing right', { ports: { kubernetes: { version: async () => 'v1.34', rights: async () => [{ verb: 'update', resource: 'configmaps', name: 'service-registry', allowed: false }] } } }, 'kubernetes', /right to update configmaps service-registry/u, /kubectl apply/u],
  ])('finds %s, and names what mends it', async (_what, world, check, message, remedy) => {
    const found = await problems(world);
    expect(found.map((finding) => finding.check)).toContain(check);
    const first = found.find((finding) => finding.check === check);
    expect(first?.message).toMatch(message);
    expect(first?.remedy).toMatch(remedy);
    expect(new Set(found.map((finding) => finding.check))).toEqual(new Set([check]));
  });

  it('finds entries that are set aside, and a source that cannot be read', async () => {
    const services = { demo: { subdomain: 'a b', ip: '100.1.1.1', port: 80 } };
    expect(await problems({}, { ...demo, services })).toMatchObject([{ check: 'registries', remedy: 'syncctl validate' }]);
    const { run, registry } = await site(demo, { host: hostOf({}), openDoctor: () => Promise.resolve({ look: async () => well(), kubernetes: undefined, identities: ['/key'], agentSocket: undefined, defaultPort: 22, close: async () => undefined }) });
    const { rm } = await import('node:fs/promises');
    await rm(registry, { recursive: true });
    const { code, out } = await run('doctor');
    expect(code).toBe(1);
    expect(out).toContain('registries:');
  });

  it('looks at one node alone when one is named', async () => {
    const { out } = await examined({}, ['contabo-vps', '-o', 'json']);
    const { findings } = JSON.parse(out);
    expect(new Set(findings.map((finding: { check: string }) => finding.check))).toEqual(new Set(['way', 'login']));
    expect(new Set(findings.map((finding: { subject: string }) => finding.subject))).toEqual(new Set(['contabo-vps']));
    expect((await examined({}, ['nobody'])).code).toBe(66);
  });

  it('exits 1 on an error, and takes the escapes out of what a node says', async () => {
    const { code, out } = await examined({ look: { ok: false, cause: 'auth', evidence: '\u001b[2Jhello', reachable: true } }, []);
    expect(code).toBe(1);
    expect(out).not.toContain('\u001b');
  });

  it('is not held up by a check that hangs or breaks', async () => {
    const signal = new AbortController().signal;
    const hangs = { name: 'hangs', perNode: false, run: () => new Promise<never>(() => undefined) };
    const breaks = { name: 'breaks', perNode: false, run: () => Promise.reject(new Error('oops')) };
    const fine = { name: 'fine', perNode: false, run: async () => [] };
    const found = await examine([hangs, breaks, fine], { signal } as never, 20);
    expect(found.map(({ check, level }) => [check, level])).toEqual([['hangs', 'error'], ['breaks', 'error']]);
  });

  it('tells an open, a refused and a missing port apart on a real machine', async () => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const { port } = server.address() as { port: number };
    expect(await thisHost.connect('127.0.0.1', port, 1_000)).toBe('open');
    await new Promise((done) => server.close(done));
    expect(await thisHost.connect('127.0.0.1', port, 1_000)).toBe('refused');
    expect(await thisHost.exec('/does/not/exist', [], new AbortController().signal)).toBeUndefined();
    expect(await thisHost.read('/does/not/exist')).toBeUndefined();
    onTestFinished(() => void server.close());
  });

  it('looks at every node of the registry', async () => {
    const looked: string[] = [];
    await examined({ ports: { look: async (node) => (looked.push(node.name), well()) } });
    expect(looked.toSorted()).toEqual([...demoNodes.management_laptops, ...demoNodes.vps_nodes].map(({ name }) => name).toSorted());
  });
});
