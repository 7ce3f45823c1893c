import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import type { RequestOptions } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes, type RouteName } from '../../src/contract/routes.ts';
import { withQuery } from '../../src/lib/query.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { bodies } from '../http/bodies.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { freePort } from '../servers/process.ts';
import { mint } from './api-rig.ts';
import { fileOn, hasStarted, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';
import { ask, bodyFor, follow, listener, reviewOf, urlParts, type Answer } from './secrets-doors.ts';
import { makeIdentity, sealed, secrets, shownIn } from './secrets-rig.ts';

const kubeReady = kubeAvailable();
const ready =
  kubeReady.available &&
  fleetAvailable('namespaces').available &&
  process.env['SYNC_TEST_KUBECONFIG'] === undefined;
const nodes = [
  { type: 'vps_nodes', name: 'vps' },
  { type: 'management_laptops', name: 'laptop' },
] as const;
const names = Object.keys(routes) as RouteName[];
const hookSecret = 'It is a secret to everybody';

/** What a route is asked with where the body of every route's test says too little; all else is `bodies`. */
const asked: Partial<Record<RouteName, unknown>> = {
  plan: { offline: false },
  why: { service: 'demo' },
  blame: { node: 'laptop' },
  node: { node: 'vps' },
  revision: { word: 'latest' },
  revisionTexts: { number: 1, below: true },
  revisions: { limit: 50 },
  pushes: { limit: 100 },
  audit: { limit: 100 },
  removeNode: { node: 'vps', abandon: false, dryRun: true },
  restoreNode: { node: 'laptop' },
  mintNodeToken: { node: 'laptop', now: false },
  revokeToken: { name: 'minted' },
  mintToken: { name: 'minted', role: 'viewer' },
  freeze: { scope: { nodes: ['laptop'], all: false }, until: '2030-01-01T00:00:00Z' },
  unfreeze: { scope: { nodes: ['laptop'], all: false } },
  drift: { node: 'laptop', mode: 'correct' },
  notifyTest: { target: 'ops' },
  noteEdits: { edits: [] },
  rollback: { revision: 'R1', dryRun: true },
};
/** Routes that have nothing to do here, and say so. A new route answers, or has its reason here. */
const refuses: Partial<Record<RouteName, string>> = {
  approve: 'nothing is withheld',
  restoreNode: 'no row is gone',
  pauseRollout: 'no rollout runs',
  resumeRollout: 'no rollout runs',
  abortRollout: 'no rollout runs',
  unpin: 'no rollout runs',
  mintNodeToken: 'no node fetches its configuration',
  openSession: 'a token has no session',
  closeSession: 'a token has no session',
};

describe.skipIf(!ready)(suiteTitle('what is sealed in registries', kubeReady), { timeout: 300_000 }, () => {
  let rig: Rig;
  let kube: KubeServer;
  let api: KubeApi;
  let daemon: Daemon;
  let token: string;
  let base: string;
  let admissionPort: number;
  let maps: string;
  let objects: Awaited<ReturnType<typeof sealed>>;
  let ops: Awaited<ReturnType<typeof listener>>;
  let collector: Awaited<ReturnType<typeof listener>>;
  const seen: string[] = [];
  const socketPath = (): string => join(rig.folder, 'run', 'syncctl.sock');
  const clean = (what: string, text: string): void => {
    seen.push(what);
    expect([what, shownIn(text)]).toEqual([what, []]);
  };
  const tcp = (path: string, options: RequestOptions = {}, body?: string): Promise<Answer> =>
    ask(
      { ...urlParts(base), path, ...options, headers: { ...bearer(), ...(options.headers as object) } },
      body,
    );
  const bearer = (): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const route = (name: RouteName, door: RequestOptions): Promise<Answer> => {
    const { method, path } = routes[name];
    const value = bodyFor(name, asked[name] ?? bodies[name] ?? {});
    const isRead = method === 'GET';
    const body = isRead ? undefined : JSON.stringify(value);
    const headers = {
      ...(door.headers as object),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return ask({ ...door, path: isRead ? withQuery(path, value) : path, method, headers }, body);
  };
  const verified = async (): Promise<boolean> =>
    (await rig.syncctl(['status', '-o', 'json'])).stdout.match(/"verified": true/gu)?.length === 2;

  beforeAll(async () => {
    kube = await startKube();
    api = await connectKube(kube.kubeconfig);
    const namespace = await api.namespace('sealed');
    maps = `/api/v1/namespaces/${namespace}`;
    ops = await listener();
    collector = await listener();
    admissionPort = await freePort();
    rig = await startRig({
      nodes,
      source: `  kind: kubernetes\n  kubeconfig: ${kube.kubeconfig}\n  namespace: ${namespace}`,
    });
    const hookFile = join(rig.folder, 'hook');
    writeFileSync(hookFile, hookSecret, { mode: 0o600 });
    const settings = readFileSync(rig.settings, 'utf8').replace('listen: off', "listen: '127.0.0.1:0'");
    const more = [
      ...['log:', '  level: trace', 'status:', '  writeBack: true', '  flushMs: 500'],
      ...['metrics:', '  access: open', 'webhook:', `  secretFile: ${hookFile}`],
      ...['admission:', `  listen: 127.0.0.1:${String(admissionPort)}`],
      ...['traces:', `  endpoint: ${collector.url}/v1/traces`],
      ...['notify:', '  groupMs: 500', '  pendingMs: 500', '  quietMs: 500', '  targets:'],
      `    - {name: ops, kind: webhook, url: '${ops.url}/hook'}`,
      ...['retry:', '  delayMs: 200', '  maxDelayMs: 1000', ''],
    ];
    writeFileSync(rig.settings, settings + more.join('\n'));
    await rig.node(0).run('install -d -o node -g node /home/node/traefik /home/node/traefik/config');
    await makeIdentity(rig, (text) => {
      writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8') + text);
    });
    objects = await sealed(rig, initialObjects(rig.fleet, { nodes }), { broken: true });
    for (const [name, data] of Object.entries(objects))
      await api.call('POST', `${maps}/configmaps`, { body: { metadata: { name }, data } });
    expect((await rig.syncctl(['admission', 'manifest'])).code).toBe(0);
    daemon = rig.daemon();
    await hasStarted(daemon);
    [base = ''] = /http:\/\/127\.0\.0\.1:\d+/u.exec(daemon.said()) ?? [];
    await until('both nodes are verified', verified);
    token = await mint(rig, 'crawler', 'admin');
    // A difference on a node, so that plans have something to print.
    await rig.node(1).run("sed -i 's/^\\(10\\..*\\)$/\\1 # changed/' /etc/hosts");
  });
  afterAll(async () => {
    await rig.stop();
    await kube.stop();
    ops.close();
    collector.close();
  });

  it('is on the nodes, and what no grammar takes is set aside', async () => {
    expect(fileOn(rig.node(1), 'etc/hosts')).toContain(`${secrets.subdomain}.${secrets.clusterDomain}`);
    expect((await rig.syncctl(['validate'])).stdout).toContain('service-registry/services.json/wrong/');
  });

  it.each(['the socket', 'TCP'])('shows in no answer of any route by %s', async (door) => {
    const options = door === 'TCP' ? { ...urlParts(base), headers: bearer() } : { socketPath: socketPath() };
    for (const name of names) {
      const { status, body } = await route(name, options);
      const isSocketOnly = door === 'TCP' && status === 403;
      const expected = refuses[name] !== undefined ? [200, 400, 401, 403, 404, 409] : [200];
      expect([name, status, body.slice(0, 300)]).toEqual([
        name,
        isSocketOnly ? 403 : expect.toBeOneOf(expected),
        body.slice(0, 300),
      ]);
      clean(`${door} ${name}`, body);
    }
  });

  it('shows in no preview of an edit around it, and in none of what is sealed otherwise', async () => {
    const text = objects['service-registry']?.['services.json'] ?? '';
    const edits = [text.replace('"port": 80', '"port": 99999'), text.replace('"wrong"', '"other"'), '{}'];
    for (const edit of edits) {
      const body = JSON.stringify({ texts: { 'service-registry/services.json': edit } });
      const answer = await tcp(
        routes.previewEdit.path,
        { method: 'POST', headers: { 'content-type': 'application/json' } },
        body,
      );
      expect([answer.status, answer.body.length > 100]).toEqual([200, true]);
      clean('a preview', answer.body);
    }
  });

  it('shows at no other path of the API', async () => {
    const index = (await tcp('/')).body;
    const files = [...index.matchAll(/(?:src|href)="(\/[^"]+)"/gu)].map(([, path = '/']) => path);
    const paths = ['/', ...files, '/metrics', '/livez', '/readyz?verbose', '/healthz?verbose', '/leader'];
    for (const path of [...paths, '/api/openapi.json', '/api/v1/openapi.json', '/api/v1/nothing'])
      clean(path, (await tcp(path)).body);
    expect((await tcp('/metrics')).body).toContain('sync_controller_');
    const body = '{}';
    const mac = createHmac('sha256', hookSecret).update(body).digest('hex');
    for (const signature of [mac, 'wrong']) {
      const headers = { 'x-hub-signature-256': `sha256=${signature}` };
      clean('the webhook', (await tcp('/api/webhook', { method: 'POST', headers }, body)).body);
    }
  });

  it('shows in no review of an edit', async () => {
    const data = objects['service-registry'] ?? {};
    const text = data['services.json'] ?? '';
    const edits = [text, text.replace('"port": 80', '"port": 99999'), text.slice(0, -4), '{}'];
    const allowed: boolean[] = [];
    for (const edit of edits) {
      const { status, body } = await ask(
        {
          ...{ secure: true, host: '127.0.0.1', port: admissionPort, path: '/admission', method: 'POST' },
          headers: { 'content-type': 'application/json' },
        },
        JSON.stringify(reviewOf(maps.split('/').at(-1) ?? '', edit)),
      );
      expect([status, body]).toEqual([200, expect.stringContaining('AdmissionReview')]);
      allowed.push(body.includes('"allowed":true'));
      clean('a review', body);
    }
    expect(allowed).toContain(false);
  });

  it('shows in nothing that is told live, of a failure and a recovery, to people, collectors and browsers', async () => {
    // What the routes have been asked for is no reason to be silent.
    await rig.syncctl(['resume', '--reason', 'crawled']);
    const events = follow({ ...urlParts(base), headers: bearer(), path: routes.events.path });
    await rig.node(0).stopSshd({ keepSessions: false });
    await rig.node(1).run('chattr +i /etc/hosts || mount -o bind,ro /etc/hosts /etc/hosts');
    const services = JSON.parse(objects['service-registry']?.['services.json'] ?? '{}') as object;
    const fresh = { ...services, fresh: { subdomain: 'fresh', ip: '100.76.1.1', port: 80, public: true } };
    await api.call('PATCH', `${maps}/configmaps/service-registry`, {
      patch: 'merge',
      body: { data: { 'services.json': JSON.stringify(fresh) } },
    });
    await until('the alert', () => ops.heard.some((text) => text.includes('"firing"')));
    await rig.node(0).startSshd();
    await rig.node(1).run('chattr -i /etc/hosts; umount /etc/hosts 2>/dev/null; true');
    await until('the recovery', () => ops.heard.some((text) => text.includes('"resolved"')), 120_000);
    await until('it is told in the stream', () => events.text().includes('event:'));
    await until('traces have come', () => collector.heard.length > 0, 120_000);
    events.end();
    clean('events', events.text());
    clean('notifications', ops.heard.join('\n'));
    clean('traces', collector.heard.join('\n'));
  });

  it('shows in no object and no Event of the cluster', async () => {
    const { body: all } = await api.call('GET', `${maps}/configmaps`);
    expect((all as { items: unknown[] }).items.length).toBeGreaterThan(5);
    clean('objects', JSON.stringify(all));
    await until('Events are told', async () =>
      JSON.stringify((await api.call('GET', `${maps}/events`)).body).includes('Quarantined'),
    );
    clean('Events', JSON.stringify((await api.call('GET', `${maps}/events`)).body));
  });

  it('shows in no bundle, backup, doctor, audit or log', async () => {
    const folder = mkdtempSync(join(rig.folder, 'out-'));
    for (const words of [['backup'], ['support-bundle']]) {
      const file = join(folder, `${words[0] ?? ''}.tar.gz`);
      const { code, stdout, stderr } = await rig.syncctl([...words, file]);
      expect([words, code]).toEqual([words, 0]);
      clean(words.join(' '), stdout + stderr);
      const out = mkdtempSync(join(rig.folder, 'unpacked-'));
      execFileSync('tar', ['-xzf', file, '-C', out]);
      for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' }))
        if (statSync(join(out, name)).isFile())
          clean(`${words[0] ?? ''} ${name}`, readFileSync(join(out, name), 'latin1'));
    }
    for (const line of ['doctor', 'audit', 'node list', 'node show vps', 'history', 'validate', 'logs'])
      for (const form of ['wide', 'json']) {
        const { stdout, stderr } = await rig.syncctl([...line.split(' '), '-o', form]);
        clean(`${line} -o ${form}`, stdout + stderr);
      }
    await daemon.stop();
    clean('the log', daemon.said());
    expect(seen.length).toBeGreaterThan(2 * names.length);
  });
});
