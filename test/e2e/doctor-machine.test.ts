import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tailscaleStatus, type PeerWords } from '../cli/tailscale-status.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { mustRun } from '../fleet/process.ts';
import { doctor, mend, told, type DoctorFinding } from './doctor-rig.ts';
import { startRig, until, type Daemon, type Rig } from './rig.ts';

const ready = fleetAvailable('namespaces').available;
type Rows = Record<string, { ip: string }[]>;

describe.skipIf(!ready)('what doctor finds on this machine, and whether its commands mend it', () => {
  let rig: Rig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'worker' },
      ],
    });
    await rig.syncctl(['push']);
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** What some checks find; others may find something on the machine that runs the tests. */
  const problems = async (
    checks: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<readonly DoctorFinding[]> =>
    (await doctor(rig, [], env)).problems.filter(({ check }) => checks.includes(check));
  const well = async (...checks: readonly string[]): Promise<void> => {
    expect(told(await problems(checks))).toEqual([]);
  };

  it('a daemon that does not run, and one that was killed and left its socket', async () => {
    expect(await problems(['daemon'])).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(/^no daemon runs: /u),
        remedy: expect.stringMatching(/^sudo systemctl enable --now sync-controller$/u),
      },
    ]);
    daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    await well('daemon');
    await daemon.stop('SIGKILL');
    expect(await problems(['daemon'])).toMatchObject([
      {
        level: 'error',
        subject: join(rig.folder, 'run/syncctl.sock'),
        remedy: 'sudo systemctl restart sync-controller',
      },
    ]);
    daemon = rig.daemon();
    await until('it has started again', () => daemon.said().includes('started'));
    await well('daemon');
  });

  it('a pause by command, and one by annotation, which only its own admin ends', async () => {
    await rig.syncctl(['pause', '--all', '--reason', 'moving house']);
    const [paused] = await problems(['daemon']);
    expect(paused?.message).toMatch(/^is paused: paused by .*: moving house$/u);
    expect((await mend(rig, paused!)).code).toBe(0);
    await well('daemon');

    const file = join(rig.registry, 'service-registry.json');
    const text = await mustRun(['cat', file]);
    writeFileSync(
      file,
      text.replace('"metadata": {', '"metadata": { "annotations": {"sync-controller/paused": "true"},'),
    );
    await until('the daemon has seen it', async () => (await problems(['daemon'])).length === 1);
    const found = await problems(['daemon', 'registries']);
    expect(told(found)).toEqual([
      expect.stringContaining(
        'daemon warning: is paused: annotation sync-controller/paused on service-registry',
      ),
      'registries warning: is paused by its annotation',
    ]);
    // kubectl would mend nothing in a folder.
    const remedy = `take sync-controller/paused out of the annotations of service-registry in ${rig.registry}`;
    expect(found.map((finding) => finding.remedy)).toEqual([remedy, remedy]);
    writeFileSync(file, text);
    await until('it goes on', async () => (await problems(['daemon', 'registries'])).length === 0);
  });

  it('a removal that is withheld: the printed approve lets it go; an entry that is set aside', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [
        `many${String(index)}`,
        { subdomain: `many${String(index)}`, ip: '100.76.150.9', port: 80 },
      ]),
    );
    rig.edit('service-registry', 'services.json', () => many);
    await until('it holds them', async () => (await problems(['daemon'])).length === 0);
    const known = async (): Promise<boolean> =>
      (await rig.node(0).run('cat /etc/hosts')).stdout.includes('many5.testcloud.local');
    await until('the laptop has them', known);
    rig.edit('service-registry', 'services.json', () => ({}));
    await until('they are withheld', async () => (await problems(['daemon'])).length === 1);
    const [held] = await problems(['daemon']);
    expect(held?.message).toMatch(/^a removal is withheld: /u);
    expect(held?.remedy).toMatch(/^syncctl approve [0-9a-f]{12}$/u);
    expect((await mend(rig, held!)).code).toBe(0);
    await well('daemon');
    await until('they are gone from the laptop', async () => !(await known()));

    rig.edit('service-registry', 'services.json', () => ({ bad: { subdomain: 'a b', port: 80 } }));
    expect(await problems(['registries'])).toMatchObject([
      { level: 'error', message: 'holds an entry that is set aside', remedy: 'syncctl validate' },
    ]);
    rig.edit('service-registry', 'services.json', () => ({}));
    await until('all is valid again', async () => (await problems(['registries'])).length === 0);
  });

  it('a private key that others can read: the printed chmod closes it', async () => {
    const key = rig.fleet.clientKey;
    chmodSync(key, 0o644);
    const [found] = await problems(['key']);
    expect(found).toMatchObject({ level: 'error', message: 'can be read by others (mode 644)' });
    await mustRun(['sh', '-c', found?.remedy ?? 'false']);
    await well('key');
  });

  it('a clock that is wrong, on one node as seen from here, or here as seen from all of them', async () => {
    const file = join(rig.folder, 'late.mjs');
    writeFileSync(file, 'const now = Date.now;\nDate.now = () => now() - 600_000;\n');
    // Node and machine share one kernel clock here: ours is set back for this one process.
    const late = { NODE_OPTIONS: `--import ${file}` };
    const one = (await doctor(rig, ['laptop'], late)).problems;
    expect(one).toMatchObject([
      {
        level: 'warning',
        subject: 'laptop',
        message: expect.stringMatching(/^its clock is (?:599|60\d) s ahead of ours$/u),
        remedy: 'on the node: sudo timedatectl set-ntp true',
      },
    ]);
    expect(await problems(['login'], late)).toMatchObject([
      {
        subject: 'this machine',
        message: expect.stringMatching(/^its clock is (?:599|60\d) s behind those of all nodes$/u),
        remedy: 'sudo timedatectl set-ntp true',
      },
    ]);
    await well('login');
  });

  describe('on a Tailscale network, of which a program tells that says what the real one says', () => {
    // An address of Tailscale's range that leads to the worker, and nowhere else.
    let ip: string;
    let path: string;
    const tailnet = (status: string, code = 0): void => {
      const file = join(rig.folder, 'bin', 'tailscale');
      writeFileSync(
        file,
        `#!/bin/sh\n[ "$*" = 'status --json' ] || exit 64\ncat <<'END'\n${status}\nEND\nexit ${String(code)}\n`,
      );
      chmodSync(file, 0o755);
    };
    const seen = (): Promise<readonly DoctorFinding[]> => problems(['way', 'login'], { PATH: path });
    const worker: PeerWords = {
      name: 'worker',
      get ip() {
        return ip;
      },
    };

    beforeAll(async () => {
      const { address } = rig.node(1);
      ip = address.replace(/^10\.213\./u, '100.127.');
      await mustRun(['mkdir', join(rig.folder, 'bin')]);
      path = `${join(rig.folder, 'bin')}:${process.env['PATH'] ?? ''}`;
      await rig.node(1).run(`ip address add ${ip}/32 dev eth0`);
      await mustRun(['ip', 'route', 'add', `${ip}/32`, 'via', address]);
      rig.edit('sync-controller-registry', 'registry.json', (rows: Rows) => ({
        ...rows,
        worker_nodes: rows['worker_nodes']?.map((row) => ({ ...row, ip })),
      }));
    });
    afterAll(async () => {
      await mustRun(['ip', 'route', 'del', `${ip}/32`]);
    });

    it('a peer that is online is well, and a node outside its range is no concern of it', async () => {
      tailnet(tailscaleStatus([worker]));
      expect(told(await seen())).toEqual([]);
    });

    it('a peer that left, is offline or whose key has expired is named with what mends it', async () => {
      tailnet(tailscaleStatus([{ name: 'phone' }]));
      expect(await seen()).toMatchObject([
        {
          subject: 'worker',
          message: `${ip} is no peer of this Tailscale network`,
          remedy: 'on the node: sudo tailscale up',
        },
      ]);
      tailnet(tailscaleStatus([{ ...worker, ip, online: false }]));
      expect(told(await seen())).toEqual(['way warning: is offline in Tailscale']);
      tailnet(tailscaleStatus([{ ...worker, ip, online: false, expired: true }]));
      expect(told(await seen())).toEqual(['way error: its Tailscale key has expired']);
      tailnet(tailscaleStatus([worker]));
      expect(told(await seen())).toEqual([]);
    });

    it('a Tailscale that is stopped or dead here accuses this machine, and no node', async () => {
      tailnet(tailscaleStatus(undefined, 'Stopped'));
      expect(await seen()).toMatchObject([
        { subject: 'tailscale', message: 'is stopped on this machine', remedy: 'sudo tailscale up' },
      ]);
      tailnet('', 1);
      expect(await seen()).toMatchObject([
        {
          subject: 'tailscale',
          message: 'is installed here and does not answer',
          remedy: 'sudo systemctl start tailscaled',
        },
      ]);
      tailnet(tailscaleStatus([worker]));
      expect(told(await seen())).toEqual([]);
    });

    it('a port that is silent is pinged through Tailscale', async () => {
      tailnet(tailscaleStatus([{ ...worker, ip, online: false }]));
      await rig.node(1).blackhole();
      const found = await seen();
      expect(found.map(({ remedy }) => remedy)).toEqual([
        'start the machine; on it: sudo tailscale up',
        `tailscale ping ${ip}; start the machine, or open the port in its firewall`,
        `tailscale ping ${ip}; start the machine, or open the port in its firewall`,
      ]);
      await rig.node(1).unblackhole();
      tailnet(tailscaleStatus([worker]));
      expect(told(await seen())).toEqual([]);
    });
  });
});
