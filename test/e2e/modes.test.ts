import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const base = 'retry:\n  delayMs: 300\n  attempts: 2\n  maxDelayMs: 60000\nreconcile:\n  jitterPercent: 0\n';

describe.skipIf(!available)('the loops of the daemon, together and alone', () => {
  let rig: Rig;
  let daemon: Daemon | undefined;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'wa' },
        { type: 'worker_nodes', name: 'wb' },
      ],
      settings: base,
    });
    // A refused key is not tried again for minutes, lest fail2ban takes us for a thief; the passes of these tests are seconds apart.
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, settings.replace('ssh:\n', 'ssh:\n  authRetryMs: 1000\n'));
    expect((await rig.syncctl(['push'])).code).toBe(0);
  });
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });
  afterAll(async () => {
    await rig.stop();
  });

  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const start = async (...words: readonly string[]): Promise<Daemon> => {
    const started = rig.daemon(words);
    daemon = started;
    await until('it has started', () => started.said().includes('started'));
    return started;
  };
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };
  const everywhere = async (name: string): Promise<void> => {
    for (const index of [0, 1])
      await until(`${name} is on node ${String(index)}`, () =>
        hosts(index).includes(`${name}.testcloud.local`),
      );
  };
  /** Somebody on the node breaks a line of our block. */
  const drift = (index: number) => rig.node(index).run(`sed -i 's/100.76.150.207/6.6.6.6/' /etc/hosts`);
  const states = async (): Promise<Record<string, string>> => {
    const { nodes } = JSON.parse((await rig.syncctl(['health', '-o', 'json'])).stdout) as {
      nodes: { name: string; state: string }[];
    };
    return Object.fromEntries(nodes.map(({ name, state }) => [name, state]));
  };

  it('daemon <hours> repairs drift with the next pass', async () => {
    await start('daemon', '0.0005');
    await drift(0);
    await until(
      'the line is ours again',
      () => hosts(0).includes('100.76.150.207') && !hosts(0).includes('6.6.6.6'),
    );
  });

  it('a node in error for a reason of its own is tried again with the next pass, and edits go on reaching the others', async () => {
    await rig.node(1).removeAuthorizedKey();
    await start('daemon', '0.0008');
    add('whileauth');
    await until('wa has it', () => hosts(0).includes('whileauth.testcloud.local'));
    await until('wb is in error', async () => (await states())['wb'] === 'error');
    await rig.node(1).restoreAuthorizedKey();
    await everywhere('whileauth');
  });

  it('watch alone brings edits and makes no pass', async () => {
    writeFileSync(rig.settings, `${readFileSync(rig.settings, 'utf8')}  periodHours: 0.0002\n`);
    const watching = await start('watch');
    const since = performance.now();
    add('watched');
    await everywhere('watched');
    await until('five periods have passed', () => performance.now() - since > 5 * 720);
    expect(watching.said()).not.toContain('scheduled reconciliation');
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('  periodHours: 0.0002\n', ''));
  });

  it('reconcile <hours> alone reads the registries anew and repairs drift in every pass', async () => {
    await start('reconcile', '0.0005');
    add('passed');
    await everywhere('passed');
    await drift(1);
    await until(
      'the line is ours again',
      () => hosts(1).includes('100.76.150.207') && !hosts(1).includes('6.6.6.6'),
    );
  });

  it('reconcile once repairs drift, says so and ends', async () => {
    await drift(0);
    const ran = await rig.syncctl(['reconcile']);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/wa +worker_nodes +\S+ +active +yes/u)]);
    expect(hosts(0)).not.toContain('6.6.6.6');
  });

  it('a cron line that never comes due is refused before anything starts', async () => {
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, `${settings}  cron: "* * 31 2 *"\n`);
    const refused = await rig.syncctl(['daemon']);
    expect([refused.code, refused.stderr]).toEqual([
      78,
      expect.stringMatching(/^\[✗\] reconcile\.cron: [^\n]*\n$/u),
    ]);
    writeFileSync(rig.settings, settings);
  });

  it('SIGHUP: new limits of retries count at once, what needs a restart is named, a wrong file is refused', async () => {
    const running = await start('daemon');
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(
      rig.settings,
      settings.replace('delayMs: 300', 'delayMs: 7000').replace('probeMs: 300', 'probeMs: 400'),
    );
    running.process.kill('SIGHUP');
    await until('the settings are read again', () => running.said().includes('settings read again'));
    expect(running.said()).toContain('presence');
    await rig.node(0).fillDisk('/etc');
    add('nospace');
    await until('the new delay counts', () => running.said().includes('next attempt in 7 s'));
    await rig.node(0).freeDisk('/etc');
    writeFileSync(rig.settings, settings.replace('delayMs: 300', 'delayMs: soon'));
    running.process.kill('SIGHUP');
    await until('the refusal is told', () => /\[✗\].*refused.*retry\.delayMs/u.test(running.said()));
    writeFileSync(rig.settings, settings);
    await everywhere('nospace');
  });
});
