// Faults of one node behind a good wire: what the push says, that the other node is not affected, and that the remedy mends it.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { until, type Rig } from '../e2e/rig.ts';
import type { NodeReport } from '../../src/contract/report.ts';
import { edit, hosts, look, mend, push, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;
const state = '/var/lib/sync-controller';

describe.skipIf(!available)('a node with a fault of its own', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterAll(async () => {
    await rig.stop();
  });

  const shell = async (command: string): Promise<void> => {
    const ran = await rig.node(0).run(command);
    if (ran.code !== 0) throw new Error(`${command}: ${ran.stderr}`);
  };
  /** A push of an edit that meets the fault: the old bytes stay, and the other node has the new ones. */
  const refused = async (): Promise<{ report: NodeReport; line: string }> => {
    const before = hosts(rig);
    const line = edit(rig);
    const nodes = await push(rig);
    expect(nodes['whole']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig, 1)).toContain(line);
    expect(hosts(rig)).toBe(before);
    if (nodes['broken'] === undefined) throw new Error('no report of broken');
    return { report: nodes['broken'], line };
  };
  const recovers = async (line: string): Promise<void> => {
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
  };

  it('that is full keeps its old file and shows with the printed command which disk', async () => {
    await rig.node(0).fillDisk('/etc');
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'pending_sync', cause: 'enospc' });
    expect(look(rig, report)).toMatch(/100% \/etc\n/u);
    await rig.node(0).freeDisk('/etc');
    await recovers(line);
  });

  it('that went read-only is error at once and shows with the printed command which mount', async () => {
    await rig.node(0).remountReadOnly('/etc');
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'error', cause: 'readonly' });
    expect(look(rig, report)).toMatch(/\bro\b/u);
    await rig.node(0).remountReadWrite('/etc');
    await recovers(line);
  });

  it('whose file is a mount of its own is written in place, and the report says so', async () => {
    await rig.node(0).bindMountFile('/etc/hosts');
    const line = edit(rig);
    const nodes = await push(rig);
    expect(nodes['broken']).toMatchObject({ state: 'active', changed: true, notes: ['nonatomic'] });
    expect(hosts(rig)).toContain(line);
    await rig.node(0).unbindFile('/etc/hosts');
  });

  it('whose file is a link is refused; the printed doctor names the link', async () => {
    await shell('mv /etc/hosts /etc/kept; ln -s kept /etc/hosts');
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'error', cause: 'target_refused' });
    expect((await mend(rig, report)).stdout).toContain('symbolic link');
    await shell('mv -T /etc/kept /etc/hosts');
    await recovers(line);
  });

  it('whose marks lost their end is refused, and not a byte of anybody is guessed away', async () => {
    await shell(`sed -i '/# END sync/d' /etc/hosts; echo '10.1.2.3 mine' >>/etc/hosts`);
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'error', cause: 'markers' });
    expect((await mend(rig, report)).stdout).toContain('has no end');
    await shell(`sed -i '/# BEGIN sync/d' /etc/hosts`);
    await recovers(line);
    expect(hosts(rig)).toContain('10.1.2.3 mine\n');
  });

  it('whose record was overwritten is refused until a person moves it away, and then says that it was', async () => {
    await shell(`for f in ${state}/clusters/*/hosts/journal; do echo garbage >$f; done`);
    const { report } = await refused();
    expect(report).toMatchObject({
      state: 'error',
      cause: 'damaged_record',
      evidence: expect.stringContaining('move it away to start anew') as string,
    });
    expect((await mend(rig, report)).stdout).toContain('move it away');
    await shell(`rm ${state}/clusters/*/hosts/journal`);
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active', notes: ['node_reset'] });
  });

  it('whose description belongs to somebody else is refused as one without; the printed node add makes it anew', async () => {
    await shell('chown node /etc/sync-controller/targets.d/hosts');
    const before = hosts(rig);
    edit(rig);
    const report = (await push(rig, 'broken'))['broken'];
    expect([report?.cause, hosts(rig)]).toEqual(['target_unknown', before]);
    expect(report?.remedy).toMatch(/^syncctl node add \S+ --type worker_nodes --user node --upgrade$/u);
    expect((await rig.syncctl([...(report?.remedy ?? '').split(' ').slice(1), '--yes'])).code).toBe(0);
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active' });
  });

  it('that another push holds is told as busy; the printed push succeeds when that one ends', async () => {
    await shell(
      `setsid flock ${state}/lock sleep 600 >/dev/null 2>&1 & until ! flock -n ${state}/lock true; do :; done`,
    );
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'pending_sync', cause: 'busy', remedy: 'syncctl push broken' });
    await shell('pkill -x sleep');
    expect((await mend(rig, report)).code).toBe(0);
    expect(hosts(rig)).toContain(line);
  });

  it('whose login profile talks a megabyte is read through to its receipt', async () => {
    await shell(`echo 'yes noise | head -c 1000000' >/home/node/.bashrc`);
    const line = edit(rig);
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
    await shell('rm /home/node/.bashrc');
  });

  it('whose login profile ends with success before the receiver starts is not active', async () => {
    await shell(`echo 'exit 0' >/home/node/.bashrc`);
    const { report, line } = await refused();
    expect(report).toMatchObject({
      state: 'pending_sync',
      cause: 'no_receipt',
      verified: false,
      remedy: 'syncctl doctor broken',
    });
    await mend(rig, report);
    await shell('rm /home/node/.bashrc');
    await recovers(line);
  });

  it('whose shell hangs ends at the deadline; the printed push succeeds when it goes on', async () => {
    await shell(`echo 'kill -STOP $$' >/home/node/.bashrc`);
    const { report, line } = await refused();
    expect(report).toMatchObject({ state: 'pending_sync', cause: 'deadline', remedy: 'syncctl push broken' });
    await shell('rm /home/node/.bashrc; pkill -KILL -u node bash || true');
    expect((await mend(rig, report)).code).toBe(0);
    expect(hosts(rig)).toContain(line);
  });

  it('whose sshd is full is throttled, not lost, and is reached when it has room', async () => {
    await rig.node(0).setSshdOption('MaxStartups', '1:100:1');
    // Somebody who connects and never speaks has the only place.
    const idle = connect(22, rig.node(0).address);
    await new Promise((greeted) => idle.once('data', greeted));
    const { report, line } = await refused();
    expect(report).toMatchObject({
      state: 'pending_sync',
      cause: 'throttled',
      remedy: 'syncctl doctor broken',
    });
    await mend(rig, report);
    idle.destroy();
    await rig.node(0).setSshdOption('MaxStartups', undefined);
    await recovers(line);
  });

  it('that loses power is offline, and a daemon brings it up to date when it is back', async () => {
    const daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    await rig.node(0).powerOff();
    const line = edit(rig);
    await until('the other node has it', () => hosts(rig, 1).includes(line));
    await rig.node(0).powerOn();
    await until('it has come back with it', () => hosts(rig).includes(line));
    expect(await daemon.stop()).toBe(0);
  });
});
