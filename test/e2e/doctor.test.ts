import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { installOtherVersion } from '../support/other-receiver.ts';
import { traefikOn, type NodeTraefik } from '../support/traefik-on-node.ts';
import { commandOf, doctor, mend, told, type DoctorFinding } from './doctor-rig.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';

const ready = fleetAvailable('namespaces').available && traefikAvailable('v3').available;

describe.skipIf(!ready)('what doctor finds on real nodes, and whether its commands mend it', () => {
  let rig: Rig;
  let traefik: NodeTraefik;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'vps' },
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'worker' },
      ],
    });
    traefik = await traefikOn(rig.node(0), 'v3');
  });
  afterAll(async () => {
    await rig.stop();
  });

  const problems = async (name: string): Promise<readonly DoctorFinding[]> =>
    (await doctor(rig, [name])).problems;
  /** The one problem of a node; anything beside it would send a person the wrong way. */
  const problem = async (name: string, check = 'login'): Promise<DoctorFinding> => {
    const found = await problems(name);
    expect(told(found)).toHaveLength(1);
    expect(found[0]).toMatchObject({ check, subject: name, remedy: expect.stringMatching(/\S/u) });
    return found[0]!;
  };
  const isWell = async (name: string): Promise<void> => {
    expect(told(await problems(name))).toEqual([]);
  };
  const address = (index: number): string => rig.node(index).address;

  it('a node without the receiver: the printed node add installs it', async () => {
    for (const name of ['laptop', 'vps', 'worker']) {
      const found = await problem(name);
      expect(found).toMatchObject({
        level: 'error',
        message: expect.stringMatching(/^the receiver is not installed \(receiver_missing: /u),
      });
      expect((await mend(rig, found)).code).toBe(0);
      await isWell(name);
    }
    expect((await doctor(rig, ['vps'])).code).toBe(0);
  });

  it('a receiver of an older release: the printed upgrade replaces it', async () => {
    installOtherVersion(rig.node(1), '0.0.1');
    const found = await problem('laptop');
    expect(found).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/is 0\.0\.1, older than our /u),
    });
    expect((await mend(rig, found)).code).toBe(0);
    await isWell('laptop');
  });

  it('a refused port is told from a silent one, and both from a machine that hangs', async () => {
    const node = rig.node(1);
    await node.stopSshd();
    const refused = await problems('laptop');
    expect(told(refused)).toEqual([
      'way error: port 22 is refused: the machine is up and no sshd listens',
      expect.stringContaining('login warning: nothing listens on the SSH port (refused: '),
    ]);
    expect(refused.map(commandOf)).toEqual(['sudo systemctl start ssh', 'sudo systemctl start ssh']);
    // No systemd on these nodes: what the command comes to.
    await node.startSshd();
    await isWell('laptop');

    await node.blackhole();
    const silent = await problems('laptop');
    expect(told(silent)).toEqual([
      'way error: port 22 is silent: the machine is off, or a firewall drops us',
      expect.stringContaining('login warning: the node does not answer (timeout: no connection to '),
    ]);
    expect(silent.map(commandOf)).toEqual([`ping -c 3 ${address(1)}`, `ping -c 3 ${address(1)}`]);
    await node.unblackhole();
    await isWell('laptop');

    await node.freeze();
    const hangs = await problem('laptop');
    expect(hangs).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('no SSH handshake within'),
      remedy: expect.stringContaining('at the console of the node: sudo systemctl restart ssh'),
    });
    await node.thaw();
    await isWell('laptop');
  });

  it('a changed host key: the printed node trust pins the new one', async () => {
    await rig.node(2).newHostKey();
    const found = await problem('worker');
    expect(found).toMatchObject({
      level: 'error',
      remedy: 'syncctl node trust worker --from scan --replace',
    });
    expect(found.message).toContain('hostkey_changed: shows ssh-ed25519 SHA256:');
    expect((await mend(rig, found)).code).toBe(0);
    await isWell('worker');
  });

  it('a key that the node does not take: the printed ssh-copy-id names the key that a push uses', async () => {
    await rig.node(2).removeAuthorizedKey();
    const found = await problem('worker');
    expect(found.message).toContain('the node refuses our key (auth: ');
    expect(found.remedy).toBe(`ssh-copy-id -i ${rig.fleet.clientKey}.pub node@${address(2)}`);
    await rig.node(2).restoreAuthorizedKey();
    await isWell('worker');
  });

  it('a sudo that wants a password, or a terminal: the printed line of sudoers lets us in', async () => {
    for (const [fault, line] of [
      ['password', /^node ALL=\(root\) NOPASSWD: \/usr\/local\/lib\/sync-controller\/receive ""$/u],
      ['requiretty', /^Defaults:node !requiretty$/u],
    ] as const) {
      await rig.node(2).breakSudo(fault);
      const found = await problem('worker');
      expect(found.message).toContain('sudo on the node asks for a password or refuses (sudo: ');
      const [, file = '', rule = ''] =
        /visudo -f (\S+), with the line: (.*)$/u.exec(found.remedy ?? '') ?? [];
      expect(rule).toMatch(line);
      await rig.node(2).run(`cat >${file} && visudo -cf ${file}`, { stdin: `${rule}\n` });
      await isWell('worker');
      await rig.node(2).run(`rm ${file}`);
      await rig.node(2).restoreSudo();
    }
    await rig.node(2).breakSudo('missing');
    expect((await problem('worker')).remedy).toContain('apt-get install -y sudo');
    await rig.node(2).restoreSudo();
    await isWell('worker');
  });

  it('a Traefik that is down, and one whose folder holds a file that it cannot read', async () => {
    await traefik.stop();
    const down = await problem('vps');
    expect(down).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/^Traefik does not answer: nothing answers at /u),
      remedy: `ssh node@${address(0)} "cd ~/traefik && docker compose restart"; ssh node@${address(0)} docker logs traefik -n 50`,
    });
    // No container here: what the command comes to.
    await traefik.start();
    await until('Traefik serves the file again', async () => (await problems('vps')).length === 0);

    const config = '/home/node/traefik/config';
    await rig.node(0).run(`mv ${config}/mynodeone-routes.yml /root/ && sleep 0.1`);
    await until('it has let go', async () => (await traefik.ask('demo.example.org')) === '404');
    await rig
      .node(0)
      .run(`printf 'http: [' >${config}/broken.yml && cp -p /root/mynodeone-routes.yml ${config}/`);
    const broken = await problem('vps');
    expect(broken.message).toMatch(/^Traefik does not serve what the file says: .*404/u);
    expect(broken.remedy).toContain('docker logs traefik');
    await rig.node(0).run(`rm ${config}/broken.yml`);
    await until('Traefik serves the file again', async () => (await problems('vps')).length === 0);
  });

  it('a block of the older tools on a laptop: the printed push takes it out', async () => {
    const block =
      '# MyNodeOne Services - Auto-synced from control plane\n100.76.150.9\told.testcloud.local old\n';
    await rig.node(1).run('cat >>/etc/hosts', { stdin: block });
    const found = await problem('laptop');
    expect(found).toMatchObject({
      level: 'warning',
      message: 'legacy_writer: 1 block of older tools in the target',
    });
    expect((await mend(rig, found)).code).toBe(0);
    await isWell('laptop');
    expect(fileOn(rig.node(1), 'etc/hosts')).not.toContain('MyNodeOne Services');
  });

  it('a line of somebody else for one of our names, and bytes of ours that were changed', async () => {
    await rig.node(1).run("sed -i '1i 6.6.6.6\\tdemo.testcloud.local' /etc/hosts");
    const foreign = await problem('laptop');
    expect(foreign.message).toMatch(
      /^the resolver does not answer what our block in \/etc\/hosts says: .* for demo\.testcloud\.local/u,
    );
    expect(commandOf(foreign)).toContain('take other lines of that name out of /etc/hosts');
    await rig.node(1).run('sed -i 1d /etc/hosts');
    await isWell('laptop');

    await rig.node(1).run("sed -i 's/100.76.150.202/6.6.6.6/' /etc/hosts");
    const drift = await problem('laptop');
    expect(drift.message).toContain('(drift)');
    expect((await mend(rig, drift)).code).toBe(0);
    await isWell('laptop');
  });

  it('a target that another control plane has: the printed push takes it over', async () => {
    // The registries are those of another cluster from now on, and the node keeps what the former one gave it.
    const file = `${rig.registry}/cluster-info.json`;
    const text = readFileSync(file, 'utf8');
    const id = /"sync-controller-cluster-id": "([^"]+)"/u.exec(text)?.[1] ?? 'none';
    writeFileSync(file, text.replace(id, 'sc-another-one'));
    const found = await problem('worker');
    expect(found.message).toBe(`the target belongs to another control plane (owned: by ${id})`);
    expect((await mend(rig, found)).code).toBe(0);
    await isWell('worker');
  });
});
