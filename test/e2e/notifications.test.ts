import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { hasStarted, startRig, until } from './rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available
  ? 'notifications of a daemon with real nodes'
  : `notifications (skipped: ${possible.reason})`;

interface Heard {
  readonly status: string;
  readonly cause: string;
  readonly count: number;
  readonly nodes: readonly string[];
  readonly incident: string;
}

/** A webhook that remembers what it was told, or takes requests and never answers. */
async function webhook(answers: boolean): Promise<{ readonly url: string; readonly heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      heard.push(JSON.parse(Buffer.concat(chunks as Buffer[]).toString('utf8')) as Heard);
      if (answers) response.end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.listen(0, '127.0.0.1', () => {
    resolve(undefined);
  });
  await promise;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`, heard };
}

describe.skipIf(!possible.available)(title, () => {
  it('tell one alert for all nodes that fail by one cause, and one recovery, while another target hangs', async () => {
    const names = ['one', 'two', 'three', 'four'];
    const rig = await startRig({ nodes: names.map((name) => ({ type: 'worker_nodes', name })) });
    onTestFinished(() => rig.stop());
    const [good, hung] = [await webhook(true), await webhook(false)];
    const lines = [
      'notify:',
      '  groupMs: 1500',
      '  pendingMs: 500',
      '  quietMs: 1000',
      '  targets:',
      `    - {name: hung, kind: webhook, url: '${hung.url}'}`,
      `    - {name: good, kind: webhook, url: '${good.url}'}`,
      'retry:',
      '  delayMs: 200',
      '  maxDelayMs: 1000',
      '',
    ];
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8') + lines.join('\n'));
    const daemon = rig.daemon();
    onTestFinished(async () => {
      await daemon.stop();
    });
    const verified = async (): Promise<boolean> => {
      const { stdout } = await rig.syncctl(['status', '-o', 'json']);
      const { nodes } = JSON.parse(stdout) as { nodes: { state: string; verified: boolean }[] };
      return nodes.length === names.length && nodes.every((node) => node.state === 'active' && node.verified);
    };
    await hasStarted(daemon);
    await expect.poll(verified, { timeout: 60_000, interval: 500 }).toBe(true);
    expect(good.heard).toEqual([]);
    for (const node of rig.fleet.nodes) await node.stopSshd();
    // Something to push, so that the absence is noticed now and not with the hourly look.
    rig.edit('service-registry', 'services.json', (services) => ({
      ...(services as object),
      added: { subdomain: 'added', ip: '100.76.1.1', port: 80 },
    }));
    await until('the alert', () => good.heard.length === 1, 60_000);
    expect(good.heard[0]).toMatchObject({ status: 'firing', cause: 'offline', count: 4 });
    expect([...(good.heard[0]?.nodes ?? [])].sort()).toEqual([...names].sort());
    for (const node of rig.fleet.nodes) await node.startSshd();
    await until('the recovery', () => good.heard.length === 2, 60_000);
    expect(good.heard[1]).toMatchObject({ status: 'resolved', count: 4, incident: good.heard[0]?.incident });
    // The hung target has delayed no push.
    await expect.poll(verified, { timeout: 60_000, interval: 500 }).toBe(true);
    expect(good.heard).toHaveLength(2);
    expect(hung.heard.length).toBeGreaterThan(0);
  });
});
