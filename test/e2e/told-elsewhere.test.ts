import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { Listener } from '../notify/listener.ts';
import { fileOn, hasStarted, startRig, until, type Rig } from './rig.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available
  ? 'what a daemon with real nodes tells elsewhere'
  : `what a daemon tells elsewhere (skipped: ${possible.reason})`;

async function listener(): Promise<Listener> {
  const opened = await Listener.open();
  onTestFinished(() => opened.close());
  return opened;
}

async function rigWith(settings: string): Promise<Rig> {
  const nodes = ['one', 'two'].map((name) => ({ type: 'worker_nodes' as const, name }));
  const rig = await startRig({ nodes });
  onTestFinished(() => rig.stop());
  writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8') + settings);
  return rig;
}

async function reaches(rig: Rig, name: string): Promise<void> {
  rig.edit('service-registry', 'services.json', (services) => ({
    ...(services as object),
    [name]: { subdomain: name, ip: '100.76.1.1', port: 80 },
  }));
  for (const index of [0, 1])
    await until(`${name} is on node ${String(index)}`, () =>
      fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`),
    );
}

describe.skipIf(!possible.available)(title, () => {
  it('a change is one trace at the collector; one that hangs delays neither a push nor the end', async () => {
    const collector = await listener();
    const rig = await rigWith(`traces:\n  endpoint: '${collector.url}/v1/traces'\n`);
    const daemon = rig.daemon();
    await hasStarted(daemon);
    await reaches(rig, 'first');
    const heard = (): string => collector.heard.map(({ body }) => body).join('\n');
    await until('the trace has ended', () => heard().includes('"name":"change"'));
    for (const name of ['read', 'plan', 'push one', 'push two', 'exchange'])
      expect(heard()).toContain(`"name":"${name}"`);
    collector.answer = () => undefined;
    await reaches(rig, 'second');
    await reaches(rig, 'third');
    await until('it says so', () => daemon.said().includes('the collector of traces does not take them'));
    expect(await daemon.stop()).toBe(0);
  });

  it('a test message says per target what came back, from the daemon and without one', async () => {
    const [good, bad] = [await listener(), await listener()];
    bad.answer = (_request, response) => response.writeHead(403).end('no such hook');
    const rig = await rigWith(
      [
        'notify:',
        '  targets:',
        `    - {name: good, kind: webhook, url: '${good.url}/a'}`,
        `    - {name: bad, kind: webhook, url: '${bad.url}/secret-path'}`,
        '',
      ].join('\n'),
    );
    const asked = async (): Promise<void> => {
      const before = good.heard.length;
      const both = await rig.syncctl(['notify', 'test', '-o', 'json']);
      expect(both.code).toBe(1);
      expect(JSON.parse(both.stdout)).toMatchObject({
        kind: 'NoticeTest',
        sent: 1,
        failed: 1,
        results: [
          { target: 'good', ok: true, reason: '' },
          { target: 'bad', ok: false, reason: expect.stringContaining('403: no such hook') as unknown },
        ],
      });
      expect(both.stdout).not.toContain('secret-path');
      const one = await rig.syncctl(['notify', 'test', 'good']);
      expect([one.code, one.stdout]).toEqual([0, expect.stringContaining('taken')]);
      expect(good.heard.length - before).toBe(2);
      const none = await rig.syncctl(['notify', 'test', 'nobody']);
      expect([none.code, none.stdout, none.stderr]).toEqual([66, '', expect.stringContaining('good, bad')]);
    };
    await asked();
    const daemon = rig.daemon();
    await hasStarted(daemon);
    await asked();
    expect(await daemon.stop()).toBe(0);
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace(/^notify:[\s\S]*/mu, ''));
    const unset = await rig.syncctl(['notify', 'test']);
    expect([unset.code, unset.stderr]).toEqual([78, expect.stringContaining('notify.targets')]);
  });
});
