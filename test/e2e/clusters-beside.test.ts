import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { ApiAnswer } from '../servers/kube-api.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { freePort } from '../servers/process.ts';
import {
  begin,
  bothServers,
  brisk,
  kill,
  revive,
  service,
  startClusterRig,
  type Cluster,
  type ClusterRig,
} from './clusters-rig.ts';
import { until, type Daemon } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
const maps = '/api/v1/namespaces/kube-system/configmaps';
const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
// No more than a handful of Events a minute are told on one cluster.
const eventsMs = 180_000;
const many = { b1: '10.20.0.3', b2: '10.20.0.4', b3: '10.20.0.5', b4: '10.20.0.6', b5: '10.20.0.7' };

interface Told {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly name: string };
}

/** Asks as an API server does, at the place of a source. */
async function post(
  { url, caBundle }: { readonly url: string; readonly caBundle: string },
  source: string,
  body: object,
): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const ca = Buffer.from(caBundle, 'base64');
    const place = new URL(source, url);
    const outgoing = request(place, { method: 'POST', headers, ca, agent: false }, resolve);
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) as unknown };
}

describe.skipIf(!ready)(
  suiteTitle('beside the registries of two API servers', kubeReady),
  { timeout: 300_000 },
  () => {
    let world: ClusterRig;
    let daemon: Daemon;

    beforeAll(async () => {
      const port = String(await freePort());
      world = await startClusterRig({
        sources: bothServers({ home: 9, east: 5 }),
        settings: `${brisk}admission: {listen: '127.0.0.1:${port}'}\n`,
        services: { git: '10.20.0.2', ...many },
      });
      const made = await Promise.all(
        [world.home, world.east].map(async ({ name }) => {
          const ran = await world.rig.syncctl(['admission', 'manifest', '--source', name, '-o', 'json']);
          return { name, ran };
        }),
      );
      for (const { name, ran } of made)
        expect([name, ran.code, ran.stderr]).toEqual([name, 0, expect.any(String)]);
      daemon = await begin(world, 'git.eastcloud.local', 'demo.testcloud.local');
    }, 240_000);
    afterAll(async () => {
      await world.stop();
    });

    const applied = async ({ api }: Cluster, object: string): Promise<string | undefined> =>
      (
        (await api.call('GET', `${maps}/${object}`)).body as {
          metadata: { annotations?: Record<string, string> };
        }
      ).metadata.annotations?.['sync-controller/applied-revision'];
    const events = async ({ api }: Cluster, object: string, reason: string): Promise<readonly Told[]> => {
      const { body } = await api.call('GET', '/apis/events.k8s.io/v1/namespaces/kube-system/events');
      return (body as { items: Told[] }).items.filter(
        (one) => one.regarding.name === object && one.reason === reason,
      );
    };
    const both = (): readonly Cluster[] => [world.home, world.east];
    const noted = async (revision: string): Promise<void> => {
      for (const cluster of both())
        for (const object of ['service-registry', 'cluster-info'])
          await until(
            `${cluster.name} says ${revision} on ${object}`,
            async () => (await applied(cluster, object)) === revision,
          );
    };
    const messageOf = (answer: ApiAnswer | undefined): string =>
      (answer?.body as { message?: string } | undefined)?.message ?? '';

    it('the applied revision is noted in each cluster, and an Event is told in the one that was edited', async () => {
      await noted('R1');
      for (const cluster of both())
        await until(
          `it is told in ${cluster.name}`,
          async () => (await events(cluster, 'cluster-info', 'Applied')).length === 1,
        );
      await world.east.services((all) => ({ ...all, wiki: service('wiki', '10.20.0.9') }));
      await noted('R2');
      await until(
        'it is told in east',
        async () => (await events(world.east, 'service-registry', 'Applied')).length === 2,
        eventsMs,
      );
      expect(await events(world.home, 'service-registry', 'Applied')).toHaveLength(1);
      expect(await events(world.east, 'cluster-info', 'Applied')).toHaveLength(1);
    });

    it('what is set aside or withheld is told beside the registry of its cluster alone', async () => {
      const before = await world.east.value('service-registry', 'services.json');
      await world.east.services((all) => ({ ...all, bad: service('bad', 'nowhere') }));
      await until(
        'it is told',
        async () => (await events(world.east, 'service-registry', 'Quarantined')).length > 0,
        eventsMs,
      );
      const [told] = await events(world.east, 'service-registry', 'Quarantined');
      expect(told?.note).toMatch(/^east:service-registry\/services\.json\/bad\/ip: expected/u);
      await world.east.save('service-registry', { 'services.json': '{}' });
      await until(
        'the removal is told',
        async () => (await events(world.east, 'service-registry', 'Withheld')).length > 0,
        eventsMs,
      );
      expect((await events(world.east, 'service-registry', 'Withheld'))[0]?.note).toMatch(
        /of the source east: syncctl approve [0-9a-f]{12}$/u,
      );
      await world.east.save('service-registry', { 'services.json': before });
      await until('nothing is held', async () => (await world.status()).held.length === 0);
      for (const reason of ['Quarantined', 'Withheld'])
        expect(await events(world.home, 'service-registry', reason)).toEqual([]);
    });

    it('while one is down the other is told, and it catches up', async () => {
      await kill(world, world.east);
      await world.home.services((all) => ({ ...all, late: service('late', '10.30.0.1') }));
      await until('it is there', () => world.everywhere('late.testcloud.local'));
      const { stdout } = await world.rig.syncctl(['history', '--limit', '1', '-o', 'json']);
      const [newest] = (JSON.parse(stdout) as { revisions: { number: number }[] }).revisions;
      const revision = `R${String(newest?.number)}`;
      await until('home says it', async () => (await applied(world.home, 'service-registry')) === revision);
      await revive(world, world.east);
      await noted(revision);
    });

    it('each API server asks about its own edits, and is answered in the words of validate', async () => {
      for (const { name, api } of both()) {
        const { stdout } = await world.rig.syncctl(['admission', 'manifest', '--source', name, '-o', 'json']);
        const body = JSON.parse(stdout) as { webhooks: { clientConfig: { url: string } }[] };
        expect(body.webhooks[0]?.clientConfig.url).toMatch(new RegExp(`/admission/${name}$`, 'u'));
        const made = await api.call('POST', `${configurations}?fieldValidation=Strict`, { body });
        expect([name, made.status, made.text]).toEqual([name, 201, expect.any(String)]);
      }
      for (const cluster of both()) {
        const good = await cluster.value('service-registry', 'services.json');
        const bad = JSON.stringify({
          ...(JSON.parse(good) as object),
          wrong: { ...service('wrong', '10.20.0.50'), port: 99_999 },
        });
        let refused: ApiAnswer | undefined;
        await until(`${cluster.name} asks`, async () => {
          refused = await cluster.save('service-registry', { 'services.json': bad });
          return refused.status === 422;
        });
        const line = messageOf(refused).replace(/^.*denied the request: /su, '');
        expect(line).toMatch(
          new RegExp(`^${cluster.name}:service-registry/services\\.json/wrong/port: expected`, 'u'),
        );
        await cluster.api.call('DELETE', `${configurations}/sync-controller-${cluster.name}`);
        await until(
          'nobody is asked',
          async () => (await cluster.save('service-registry', { 'services.json': bad })).status === 200,
        );
        await until('validate says the same', async () =>
          (await world.rig.syncctl(['validate'])).stdout.includes(line),
        );
        await cluster.save('service-registry', { 'services.json': good });
        const { stdout } = await world.rig.syncctl([
          ...['admission', 'manifest', '--source', cluster.name, '-o', 'json'],
        ]);
        await cluster.api.call('POST', configurations, { body: JSON.parse(stdout) as object });
      }
    });

    it('a name that another cluster holds is let through with a warning, and what is sound without one', async () => {
      const review = (source: string, services: object, before: string) => ({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: {
          uid: source,
          operation: 'UPDATE',
          name: 'service-registry',
          namespace: 'kube-system',
          resource: { group: '', version: 'v1', resource: 'configmaps' },
          object: { data: { 'services.json': JSON.stringify(services) } },
          oldObject: { data: { 'services.json': before } },
        },
      });
      const before = await world.east.value('service-registry', 'services.json');
      const all = JSON.parse(before) as object;
      const ask = async (source: string, services: object) => {
        const { stdout } = await world.rig.syncctl([
          'admission',
          'manifest',
          '--source',
          'east',
          '-o',
          'json',
        ]);
        const [hook] = (
          JSON.parse(stdout) as { webhooks: { clientConfig: { url: string; caBundle: string } }[] }
        ).webhooks;
        return post(
          hook?.clientConfig ?? { url: '', caBundle: '' },
          source,
          review(source, services, before),
        );
      };
      const lost = await ask('east', { ...all, grafana: service('grafana', '10.20.0.60') });
      expect(lost.body).toMatchObject({
        response: {
          allowed: true,
          warnings: [
            expect.stringMatching(/^east:service-registry\/services\.json\/grafana: .*that of home counts/u),
          ],
        },
      });
      expect((await ask('east', { ...all, fine: service('fine', '10.20.0.61') })).body).toEqual({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: 'east', allowed: true },
      });
      expect((await ask('west', all)).status).toBe(404);
      const none = await world.rig.syncctl(['admission', 'manifest']);
      expect([none.code, none.stderr]).toEqual([
        64,
        expect.stringContaining('--source: expected one of home, east'),
      ]);
      expect(daemon.said()).not.toContain('could not be judged');
    });
  },
);
