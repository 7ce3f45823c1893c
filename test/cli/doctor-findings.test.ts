import { describe, expect, it } from 'vitest';
import { examined, now, problems, well, type World } from './doctor-world.ts';

describe('syncctl doctor', () => {
  it('finds nothing on a machine that is well, but that no daemon runs', async () => {
    expect(await problems({})).toEqual([]);
    const { code, out } = await examined({}, []);
    expect(code).toBe(0);
    expect(out).toMatch(/^\[⚠\] daemon: daemon: no daemon runs.*\n0 errors, 1 warning,/u);
  });

  it.each<[string, World, string, RegExp, RegExp]>([
    [
      'a dead unit',
      {
        programs: {
          'systemctl show -p LoadState':
            'LoadState=loaded\nActiveState=failed\nSubState=failed\nNRestarts=5\n',
        },
      },
      'unit',
      /is failed/u,
      /systemctl restart sync-controller/u,
    ],
    [
      'a unit that keeps dying',
      {
        programs: {
          'systemctl show -p LoadState':
            'LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=9\n',
        },
      },
      'unit',
      /restarted 9 times/u,
      /syncctl logs/u,
    ],
    [
      'a key that others can read',
      { modes: { '/key': 0o644 } },
      'key',
      /read by others \(mode 644\)/u,
      /chmod 600 \/key/u,
    ],
    [
      'no key and no agent',
      { ports: { identities: ['/none'] } },
      'key',
      /no private key is there/u,
      /ssh-keygen -t ed25519/u,
    ],
    [
      'a public key in its place',
      { files: { '/key': 'ssh-ed25519 AAAA' } },
      'key',
      /is no private key/u,
      /ssh-keygen -l/u,
    ],
    [
      'a key with a passphrase',
      { files: { '/key': '-----BEGIN ENCRYPTED PRIVATE KEY-----\nPRIVATE KEY-----' } },
      'key',
      /has a passphrase/u,
      /ssh-keygen -p/u,
    ],
    ['a dead agent', { ports: { agentSocket: '/gone.sock' } }, 'key', /is no socket/u, /ssh-agent/u],
    [
      'a resolver that asks the DNS first',
      { files: { '/etc/nsswitch.conf': 'hosts: dns files\n' } },
      'resolver',
      /asks dns before \/etc\/hosts/u,
      /nsswitch/u,
    ],
    [
      'a resolver without /etc/hosts',
      { files: { '/etc/nsswitch.conf': 'hosts: dns\n' } },
      'resolver',
      /does not read/u,
      /nsswitch/u,
    ],
    [
      "the predecessor's daemon",
      { programs: { 'systemctl show -p Id': 'Id=mynodeone-sync-controller.service\nActiveState=active\n' } },
      'writers',
      /still pushes/u,
      /systemctl disable --now/u,
    ],
    [
      'cloud-init',
      { files: { '/etc/cloud/cloud.cfg': 'manage_etc_hosts: true\n' } },
      'writers',
      /cloud-init rewrites/u,
      /manage_etc_hosts: false/u,
    ],
    [
      'blocks of older tools',
      { files: { '/etc/hosts': '# MyNodeOne Services - Auto-synced on x\n' } },
      'writers',
      /blocks of older tools/u,
      /push/u,
    ],
    ['a refused port', { port: 'refused' }, 'way', /is refused: the machine is up/u, /systemctl start ssh/u],
    ['a silent port', { port: 'silent' }, 'way', /is silent/u, /tailscale ping/u],
    ['no route', { port: 'no route' }, 'way', /no way to/u, /tailscale status/u],
    [
      'a changed host key',
      { look: { ok: false, cause: 'hostkey_changed', evidence: 'SHA256:x', reachable: true } },
      'login',
      /another host key/u,
      /node trust .* --replace/u,
    ],
    [
      'a refused login',
      { look: { ok: false, cause: 'auth', evidence: '', reachable: true } },
      'login',
      /refuses our key/u,
      /ssh-copy-id/u,
    ],
    [
      'missing sudo',
      { look: { ok: false, cause: 'sudo', evidence: 'a password is required', reachable: true } },
      'login',
      /sudo/u,
      /sudoers\.d/u,
    ],
    [
      'a missing receiver',
      { look: { ok: false, cause: 'receiver_missing', evidence: '', reachable: true } },
      'login',
      /receiver is not installed/u,
      /syncctl node add/u,
    ],
    [
      'a dead Traefik',
      { look: well({ rungs: { raw: 'down' } }) },
      'login',
      /Traefik does not answer/u,
      /docker compose restart/u,
    ],
    [
      'a Traefik that serves something else',
      { look: well({ rungs: { raw: 'ok', answers: 'bad' } }) },
      'login',
      /does not serve/u,
      /docker/u,
    ],
    [
      'a node that does not resolve',
      { look: well({ rungs: { resolves: 'bad' } }) },
      'login',
      /does not answer what our block/u,
      /nsswitch/u,
    ],
    [
      'a clock that is ahead',
      {
        ports: {
          look: async ({ name }) => (name === 'contabo-vps' ? well({}, { clock: now() + 600 }) : well()),
        },
      },
      'login',
      /its clock is \d+ s ahead of ours/u,
      /on the node: sudo timedatectl/u,
    ],
    [
      'a clock of this machine that is behind',
      { look: well({}, { clock: now() + 600 }) },
      'login',
      /its clock is \d+ s behind those of all nodes/u,
      /^sudo timedatectl/u,
    ],
    [
      'an API server that cannot be reached on a machine without K3s',
      {
        ports: {
          kubernetes: {
            version: () => Promise.reject(new Error('connect ECONNREFUSED')),
            rights: async () => [],
          },
        },
        programs: { 'systemctl show -p ActiveState,': 'LoadState=not-found\nActiveState=inactive\n' },
      },
      'kubernetes',
      /does not answer/u,
      /^kubectl cluster-info/u,
    ],
    [
      'a receiver that is older than ours',
      { look: well({}, { receiver: '0.9.0' }) },
      'login',
      /its receiver is 0\.9\.0, older than our 1\.0\.0/u,
      /^syncctl upgrade vinay-laptop$/u,
    ],
    [
      'bytes that somebody else changed',
      { look: well({ rungs: { digest: 'bad' } }) },
      'login',
      /not ours \(drift\)/u,
      /^syncctl push/u,
    ],
    [
      'a target of another cluster',
      { look: well({ owner: 'sc-other' }) },
      'login',
      /another control plane \(owned: by sc-other\)/u,
      /--take-over/u,
    ],
    [
      'a sudo that wants a terminal',
      { look: { ok: false, cause: 'sudo', evidence: 'sorry, you must have a tty', reachable: true } },
      'login',
      /sudo/u,
      /!requiretty/u,
    ],
    [
      'a machine that hangs',
      {
        look: { ok: false, cause: 'timeout', evidence: 'no SSH handshake within 8500 ms', reachable: false },
      },
      'login',
      /does not answer/u,
      /restart ssh/u,
    ],
    [
      'another writer on a node',
      { look: well({}, { legacy: 2 }) },
      'login',
      /2 blocks of older tools/u,
      /syncctl push/u,
    ],
    [
      'a name without a record',
      { dns: {} },
      'dns',
      /has no public DNS record/u,
      /demo\.curiios\.com A 45\.8\.133\.192/u,
    ],
    [
      'a name that leads elsewhere',
      { dns: { 'demo.curiios.com': ['1.2.3.4'] } },
      'dns',
      /no VPS of ours/u,
      /A 45\.8\.133\.192/u,
    ],
    [
      'a name that leads also elsewhere',
      { dns: { 'demo.curiios.com': ['1.2.3.4', '45.8.133.192'] } },
      'dns',
      /leads also to 1\.2\.3\.4/u,
      /remove 1\.2\.3\.4/u,
    ],
    [
      'a dead API server',
      {
        ports: {
          kubernetes: {
            version: () => Promise.reject(new Error('connect ECONNREFUSED')),
            rights: async () => [],
          },
        },
        programs: { 'systemctl show -p ActiveState,': 'LoadState=loaded\nActiveState=failed\n' },
      },
      'kubernetes',
      /does not answer/u,
      /restart k3s/u,
    ],
    [
      'a missing right',
      {
        ports: {
          kubernetes: {
            version: async () => 'v1.34',
            rights: async () => [
              { verb: 'update', resource: 'configmaps', name: 'service-registry', allowed: false },
            ],
          },
        },
      },
      'kubernetes',
      /right to update configmaps service-registry/u,
      /kubectl apply/u,
    ],
  ])('finds %s, and names what mends it', async (_what, world, check, message, remedy) => {
    const found = await problems(world);
    expect(found.map((finding) => finding.check)).toContain(check);
    const first = found.find((finding) => finding.check === check);
    expect(first?.message).toMatch(message);
    expect(first?.remedy).toMatch(remedy);
    expect(new Set(found.map((finding) => finding.check))).toEqual(new Set([check]));
  });
});
