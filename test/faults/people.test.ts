// Faults that people make on a node: accounts, rights, logging, descriptions, and edits at the wrong moment.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { Rig } from '../e2e/rig.ts';
import type { NodeReport } from '../../src/contract/report.ts';
import { edit, holdAt, hosts, look, push, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;
const described = '/etc/sync-controller/targets.d/hosts';

describe.skipIf(!available)('a node on which somebody changed something', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterAll(async () => {
    await rig.stop();
  });

  const shell = async (command: string): Promise<string> => {
    const ran = await rig.node(0).run(command);
    if (ran.code !== 0) throw new Error(`${command}: ${ran.stderr}`);
    return ran.stdout;
  };
  /** A push of an edit that meets the fault: the old bytes stay, and the other node has the new ones. */
  const refused = async (): Promise<{ report: NodeReport; line: string }> => {
    const before = hosts(rig);
    const line = edit(rig);
    const nodes = await push(rig);
    expect(nodes['whole']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toBe(before);
    if (nodes['broken'] === undefined) throw new Error('no report of broken');
    return { report: nodes['broken'], line };
  };
  const recovers = async (line: string): Promise<void> => {
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
  };

  it.each([
    ['has expired', 'usermod -e 1 node', 'usermod -e "" node'],
    ['is locked', 'usermod -L -e 1 node', 'usermod -U -e "" node'],
    [
      'may not log in here',
      'echo "DenyUsers node" >/etc/ssh/sshd_config.d/01-deny.conf',
      'rm /etc/ssh/sshd_config.d/01-deny.conf',
    ],
  ])(
    'whose account %s is error at once, asked once a push, and well again when the account is',
    async (_what, spoil, undo) => {
      await shell(spoil);
      await rig.node(0).setSshdOption('MaxAuthTries', '6');
      const denials = async (): Promise<number> =>
        (
          await shell(
            'grep -cE "not allowed because|Access denied for user|account .*(locked|expired)" /run/sshd.log || true',
          )
        )
          .split('\n')
          .map(Number)[0] ?? 0;
      const before = await denials();
      const { report, line } = await refused();
      expect(report).toMatchObject({ state: 'error', cause: 'auth' });
      expect(report.remedy).toMatch(/^ssh-copy-id /u);
      // A refused login is not tried again within the push: fail2ban counts them.
      expect((await denials()) - before).toBeLessThanOrEqual(2);
      expect((await rig.syncctl(['doctor', 'broken'])).stdout).toMatch(/refuses our key|not take our key/u);
      await shell(undo);
      await rig.node(0).setSshdOption('MaxAuthTries', undefined);
      await recovers(line);
    },
  );

  it('whose description others may write is refused; the printed node add makes it anew', async () => {
    await shell(`chmod 666 ${described}`);
    const { report, line } = await refused();
    expect(report).toMatchObject({
      state: 'error',
      cause: 'target_unknown',
      evidence: expect.stringContaining('may be written by others than its owner (mode 666)') as string,
    });
    const ran = await rig.syncctl([...(report.remedy ?? '').split(' ').slice(1), '--yes']);
    expect([ran.code, ran.stderr]).toEqual([0, expect.any(String)]);
    expect(await shell(`stat -c '%a %U' ${described}`)).toBe('644 root\n');
    await push(rig, 'broken');
    expect(hosts(rig)).toContain(line);
  });

  it('whose hosts file is a FIFO stops sudo itself: told as deadline, and doctor says where to look', async () => {
    await shell('mv /etc/hosts /etc/kept; mkfifo /etc/hosts; chmod 644 /etc/hosts');
    const line = edit(rig);
    const nodes = await push(rig);
    expect(nodes['whole']).toMatchObject({ state: 'active', changed: true });
    expect(nodes['broken']).toMatchObject({
      state: 'pending_sync',
      cause: 'deadline',
      remedy: 'syncctl push broken',
    });
    const told = await rig.syncctl(['doctor', 'broken', '-o', 'json']);
    const remedy = /ssh [^";]*ls -ld \/etc\/hosts/u.exec(told.stdout)?.[0];
    expect(told.stdout).toContain('a FIFO');
    if (remedy === undefined || nodes['broken'] === undefined) throw new Error(told.stdout);
    expect(look(rig, { ...nodes['broken'], remedy })).toMatch(/^p/u);
    await shell('mv -T /etc/kept /etc/hosts; pkill -KILL -x sudo || true');
    await recovers(line);
  });

  it('whose sudo logs all input and output goes on as before', async () => {
    await shell(
      `echo 'Defaults log_input, log_output, use_pty' >/etc/sudoers.d/zz-log; chmod 440 /etc/sudoers.d/zz-log`,
    );
    const line = edit(rig);
    const report = (await push(rig, 'broken'))['broken'];
    expect(report).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
    await shell('rm /etc/sudoers.d/zz-log');
  });

  it('on which somebody edits while the push runs keeps their line and gets ours', async () => {
    await shell(
      `(n=0; while [ $n -lt 400 ]; do echo "10.7.7.1 theirs$n." >>/etc/hosts; n=$((n + 1)); sleep 0.01; done; touch /run/edited) >/dev/null 2>&1 &`,
    );
    const lines = [edit(rig)];
    for (;;) {
      const report = (await push(rig, 'broken'))['broken'];
      // Their writes may win every round of one push; nothing may be lost for that.
      expect(['moved', null]).toContain(report?.cause);
      if ((await rig.node(0).run('test -e /run/edited')).code === 0) break;
      lines.push(edit(rig));
    }
    expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active' });
    for (const line of lines) expect(hosts(rig)).toContain(line);
    expect(hosts(rig)).toContain('theirs399.\n');
  });

  it.each([
    ['before its temp file is durable', 'assembled', false],
    ['between the fsync and the rename', 'replacing', false],
    ['after the rename, before the record of it', 'renamed', true],
  ])(
    'that loses power in the middle of an installation, %s, has the old file or the new one, and takes the next push',
    async (_when, step, isNew) => {
      const [before, line] = [hosts(rig), edit(rig)];
      const hold = await holdAt(rig.node(0), step);
      const pushing = push(rig, 'broken');
      await hold.reached();
      const loose = await shell('find /etc -name ".sync-controller.*"');
      expect(loose).toMatch(isNew ? /^$/u : /\n$/u);
      await rig.node(0).powerOff();
      expect((await pushing)['broken']).toMatchObject({ state: 'pending_sync', verified: false });
      await rig.node(0).powerOn();
      if (isNew) expect(hosts(rig)).toContain(line);
      else expect(hosts(rig)).toBe(before);
      await hold.release();
      expect((await push(rig, 'broken'))['broken']).toMatchObject({ state: 'active', changed: !isNew });
      expect(hosts(rig)).toContain(line);
      expect(await shell('find /etc /var/lib/sync-controller -name ".sync-controller.*"')).toBe('');
    },
  );
});
