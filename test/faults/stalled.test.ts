// A node that stops reading in the middle of a large document, and a whole machine that is suspended.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { until, type Rig } from '../e2e/rig.ts';
import { edit, hosts, mend, pushed, startFaultsRig } from './faults-rig.ts';

const receiver = '/usr/local/lib/sync-controller/receive-1.0.0';
const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a node that stands still', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('for longer than the signs of life of its session is left, and the edit goes over a new one by itself', async () => {
    const daemon = rig.daemon();
    const first = edit(rig);
    await until('the first edit is there', () => hosts(rig).includes(first));
    await rig.node(0).freeze();
    await rig.node(0).blackhole();
    const second = edit(rig);
    await until('the other node has it', () => hosts(rig, 1).includes(second));
    await until('it is told', async () =>
      /"cause": "(timeout|deadline|connection_lost|unreachable)"/u.test(
        (await rig.syncctl(['status', '-o', 'json'])).stdout,
      ),
    );
    await rig.node(0).thaw();
    await rig.node(0).unblackhole();
    await until('the second edit is there', () => hosts(rig).includes(second));
    expect(await daemon.stop()).toBe(0);
  });

  it('in the middle of a document is told as stalled_write with its old file, and the printed push succeeds', async () => {
    // A document larger than the window of a channel: 2 MiB wait nowhere else.
    const domain = [60, 59].map((length) => 'x'.repeat(length)).join('.');
    const names = Array.from({ length: 18_500 }, (_, n) => `s${n.toString(36)}`);
    const services = names.map((name): [string, object] => [
      name,
      { subdomain: name, ip: '10.1.1.1', port: 80 },
    ]);
    const file = `${rig.registry}/service-registry.json`;
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
    // Without a blank, as an object holds at most 1 MiB.
    const data = { 'services.json': JSON.stringify(Object.fromEntries(services)) };
    writeFileSync(file, JSON.stringify({ ...manifest, data }));
    const info = `${rig.registry}/cluster-info.json`;
    writeFileSync(info, readFileSync(info, 'utf8').replace('testcloud', domain));
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, settings.replace('deadlineMs: 8000', 'deadlineMs: 30000'));
    const before = hosts(rig);
    const plan = await rig.syncctl(['plan', '-o', 'json']);
    for (const { hash } of (JSON.parse(plan.stdout) as { held: { hash: string }[] }).held)
      expect((await rig.syncctl(['approve', hash, '--reason', 'a larger domain'])).code).toBe(0);
    // It answers a check, and stands still where a document comes.
    const deaf = `#!/bin/bash
IFS= read -r line
if [[ $line == 'SC1 apply '* ]]; then sleep 600; fi
{ printf '%s\\n' "$line"; cat; } | /run/receiver
`;
    writeFileSync(`${rig.node(0).rootDir}/run/deaf`, deaf, { mode: 0o755 });
    await rig.node(0).run(`cp -p ${receiver} /run/receiver && mv /run/deaf ${receiver}`);
    const report = await pushed(rig);
    expect(report).toMatchObject({
      state: 'pending_sync',
      cause: 'stalled_write',
      remedy: 'syncctl push broken',
    });
    expect(hosts(rig)).toBe(before);
    await rig.node(0).run(`mv /run/receiver ${receiver}; pkill -x sleep`);
    expect((await mend(rig, report)).code).toBe(0);
    expect(hosts(rig)).toContain(`${names.at(-1) ?? ''}.`);
    expect(hosts(rig).length).toBeGreaterThan(2_400_000);
  }, 150_000);
});
