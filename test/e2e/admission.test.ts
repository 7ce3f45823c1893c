import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { ApiAnswer } from '../servers/kube-api.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { freePort } from '../servers/process.ts';
import { maps, startRbacRig, type RbacRig } from './rbac-rig.ts';
import { fileOn, until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
const secret = 'It is a secret to everybody';

const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

describe.skipIf(!ready)(
  suiteTitle('edits that a real API server has judged before it saves them', kubeReady),
  () => {
    let world: RbacRig;
    let daemon: Daemon;
    let manifest: object;
    const folder = mkdtempSync(join(tmpdir(), 'webhook-e2e-'));
    const secretFile = join(folder, 'secret');

    beforeAll(async () => {
      writeFileSync(secretFile, secret, { mode: 0o600 });
      const port = String(await freePort());
      // The poll is far away, and the right to watch services is taken away: only the review tells of an edit.
      world = await startRbacRig(
        `status:\n  flushMs: 500\nwatch:\n  pollMs: 3600000\nadmission:\n  listen: 127.0.0.1:${port}\nwebhook:\n  secretFile: ${secretFile}\n`,
      );
      await world.trim('service-registry', ['watch', 'list']);
      const { settings } = world.rig;
      writeFileSync(settings, readFileSync(settings, 'utf8').replace('listen: off', "listen: '127.0.0.1:0'"));
    });
    afterAll(async () => {
      await world.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const path = `${maps}/service-registry`;
    const services = async (): Promise<string> =>
      (await world.admin.call('GET', path)).body.data['services.json'] as string;
    const save = (data: Record<string, string | null>, query = ''): Promise<ApiAnswer> =>
      world.admin.call('PATCH', `${path}${query}`, { patch: 'merge', body: { data } });
    const hosts = (): string => fileOn(world.rig.node(1), 'etc/hosts');
    const withService = async (name: string, changes: object = {}): Promise<string> =>
      JSON.stringify({
        ...(JSON.parse(await services()) as object),
        [name]: { subdomain: name, ip: '100.76.150.77', port: 80, ...changes },
      });
    const messageOf = ({ body }: ApiAnswer): string => (body as { message: string }).message;

    it('the manifest is printed with a certificate of its own, and the API server takes it without a remark', async () => {
      const first = await world.rig.syncctl(['admission', 'manifest', '-o', 'json']);
      expect([first.code, first.stderr]).toEqual([
        0,
        expect.stringMatching(/made a certificate for 127\.0\.0\.1/u),
      ]);
      const again = await world.rig.syncctl(['admission', 'manifest', '-o', 'json']);
      expect([again.stdout, again.stderr]).toEqual([first.stdout, '']);
      manifest = JSON.parse(first.stdout) as object;
      const query = '?fieldValidation=Strict&dryRun=All';
      const tried = await world.admin.call('POST', `${configurations}${query}`, { body: manifest });
      expect([tried.status, tried.text]).toEqual([201, expect.any(String)]);
    });

    it('a broken edit is refused with what validate prints, and the registry stays as it was', async () => {
      daemon = world.rig.daemon();
      await world.everywhere('demo');
      expect((await world.admin.call('POST', configurations, { body: manifest })).status).toBe(201);
      const good = await services();
      const broken = good.slice(0, -5);
      await until(
        'the API server asks',
        async () => (await save({ 'services.json': broken }, '?dryRun=All')).status !== 200,
      );
      const refused = await save({ 'services.json': broken });
      expect([refused.status, messageOf(refused)]).toEqual([
        422,
        expect.stringContaining('service-registry/services.json: expected JSON'),
      ]);
      const port = await save({ 'services.json': await withService('wrong', { port: 99_999 }) });
      expect(messageOf(port)).toContain('service-registry/services.json/wrong/port: expected');
      expect(await services()).toBe(good);
      // Without the question the same text is saved, and validate says the same sentence.
      await world.admin.call('DELETE', `${configurations}/sync-controller`);
      await until('nobody is asked', async () => (await save({ 'services.json': broken })).status === 200);
      const line = messageOf(refused).replace(/^.*denied the request: /su, '');
      expect((await world.rig.syncctl(['validate'])).stdout).toContain(line);
      await save({ 'services.json': good });
      await world.admin.call('POST', configurations, { body: manifest });
      await until(
        'the API server asks again',
        async () => (await save({ 'services.json': broken }, '?dryRun=All')).status !== 200,
      );
    });

    it('a good edit is saved and on the nodes although neither the watch nor the poll can tell of it', async () => {
      expect((await save({ 'services.json': await withService('fresh') })).status).toBe(200);
      await world.everywhere('fresh');
      expect(daemon.said()).toContain('registry changed');
    });

    it('a dry run is judged and looked at by nobody', async () => {
      const before = daemon.said().length;
      expect((await save({ 'services.json': await withService('tried') }, '?dryRun=All')).status).toBe(200);
      expect((await save({ 'services.json': '{' }, '?dryRun=All')).status).toBe(422);
      expect(daemon.said().slice(before)).not.toContain('registry changed');
    });

    it('what was wrong before stops neither another edit nor our own statuses; other objects are nobody’s business', async () => {
      await daemon.stop();
      // Nobody answers: the API server lets everything through.
      const old = await withService('old', { ip: 'nowhere' });
      await until(
        'edits go through without a daemon',
        async () => (await save({ 'services.json': old })).status === 200,
      );
      daemon = world.rig.daemon();
      await until(
        'the daemon judges again',
        async () => (await save({ 'services.json': '{' }, '?dryRun=All')).status === 422,
      );
      expect((await save({ 'services.json': await withService('beside') })).status).toBe(200);
      await world.everywhere('beside');
      expect(hosts()).not.toContain('old.testcloud');
      const worse = await save({ 'services.json': await withService('worse', { ip: 'nowhere' }) });
      expect(messageOf(worse)).toMatch(/worse\/ip/u);
      expect(messageOf(worse)).not.toMatch(/old\/ip/u);
      await until('statuses are in the rows', async () =>
        (
          (await world.admin.call('GET', `${maps}/sync-controller-registry`)).body.data[
            'registry.json'
          ] as string
        ).includes('"status": "active"'),
      );
      expect(
        (
          await world.admin.call('POST', maps, {
            body: { metadata: { name: 'other' }, data: { 'services.json': '{' } },
          })
        ).status,
      ).toBe(201);
      const elsewhere = await world.admin.namespace('elsewhere');
      const there = `/api/v1/namespaces/${elsewhere}/configmaps`;
      const body = { metadata: { name: 'service-registry' }, data: { 'services.json': '{' } };
      expect((await world.admin.call('POST', there, { body })).status).toBe(201);
    });

    it('a daemon that hangs lets edits through after two seconds', async () => {
      daemon.process.kill('SIGSTOP');
      try {
        expect((await save({ 'services.json': await withService('meanwhile') })).status).toBe(200);
      } finally {
        daemon.process.kill('SIGCONT');
      }
      expect(await services()).toContain('meanwhile');
    });

    it('a signed call brings an edit to the nodes of which neither review, watch nor poll can tell', async () => {
      await world.admin.call('DELETE', `${configurations}/sync-controller`);
      await until(
        'nobody is asked',
        async () => (await save({ 'services.json': '{' }, '?dryRun=All')).status === 200,
      );
      expect((await save({ 'services.json': await withService('called') })).status).toBe(200);
      const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/u.exec(daemon.said()) ?? [];
      const body = JSON.stringify({ zen: 'Keep it logically awesome.' });
      const mac = createHmac('sha256', secret).update(body).digest('hex');
      const call = (signature: string): Promise<Response> =>
        fetch(`${url}/api/webhook`, {
          method: 'POST',
          body,
          headers: { 'x-hub-signature-256': `sha256=${signature}`, 'x-github-event': 'ping' },
        });
      expect((await call(mac.replace(/^./u, (digit) => (digit === '0' ? '1' : '0')))).status).toBe(401);
      expect(hosts()).not.toContain('called.testcloud');
      expect((await call(mac)).status).toBe(202);
      await world.everywhere('called');
      expect(daemon.said()).not.toContain(secret);
    });
  },
);
