import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { openApiFile } from '../tools/openapi-doc.ts';
import { mint, openApi, post, type Open, read } from './api-rig.ts';
import { holds, serve } from './hosts-rig.ts';
import { fileOn, until } from './rig.ts';

const available = fleetAvailable('namespaces').available;
type Answer = Record<string, unknown>;

describe.skipIf(!available)('the API of a daemon with real nodes, asked for more than pushes', () => {
  let open: Open;
  let ada: string;
  beforeAll(async () => {
    open = await openApi();
    ada = await mint(open.rig, 'ada', 'operator');
    await until('the node is pushed', () => fileOn(open.rig.node(0), 'etc/hosts').includes('demo'));
  });
  afterAll(() => open.rig.stop());

  const answer = async (path: string, body: unknown, token = ada): Promise<[number, Answer]> => {
    const response = await post(open.url, path, token, body);
    return [response.status, (await response.json()) as Answer];
  };

  const asked = async (path: string, query: object): Promise<[number, Answer]> => {
    const response = await read(open.url, path, ada, query);
    return [response.status, (await response.json()) as Answer];
  };

  it('says what is wrong with the registries, by its path', async () => {
    const { rig, url } = open;
    const ask = async (): Promise<Answer> => {
      const headers = { authorization: `Bearer ${ada}` };
      return (await fetch(`${url}/api/v1/registry/validation`, { headers })).json() as Promise<Answer>;
    };
    expect(await ask()).toMatchObject({ valid: true, errors: 0, unreadable: null });
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      broken: { subdomain: 'br oken', ip: '100.76.1.1', port: 80 },
    }));
    await until('it is seen', async () => (await ask())['valid'] === false);
    expect(await ask()).toMatchObject({
      findings: [{ severity: 'error', path: expect.stringContaining('services.json/broken') as unknown }],
    });
    serve(rig);
    await until('it is well again', async () => (await ask())['valid'] === true);
  });

  it('shows what an edit would do, and writes nothing', async () => {
    const { rig } = open;
    const before = JSON.stringify(rig.read('service-registry', 'services.json'));
    const text = JSON.stringify({ demo: { subdomain: 'd emo', ip: '100.76.1.1', port: 80 } });
    const [status, preview] = await answer('registry/preview', {
      texts: { 'service-registry/services.json': text },
    });
    expect([status, preview]).toMatchObject([
      200,
      {
        valid: false,
        findings: [{ path: expect.stringContaining('services.json/demo') as unknown }],
        changes: expect.arrayContaining([
          expect.objectContaining({ path: 'service-registry/services.json/grafana', change: 'removed' }),
        ]) as unknown,
      },
    ]);
    expect(JSON.stringify(rig.read('service-registry', 'services.json'))).toBe(before);
    expect((await answer('registry/preview', { texts: { '../../etc/passwd': 'x' } }))[0]).toBe(400);
  });

  it('writes an earlier revision back with a reason, in the name of the token, down to the nodes', async () => {
    const { rig } = open;
    serve(rig, 'wrong');
    await until('the node has it', () => holds(rig, 0, 'wrong'));
    const actor = { reason: 'wrong name' };
    expect((await answer('registry/rollback', { revision: 'previous' }))[0]).toBe(400);
    expect((await answer('registry/rollback', { revision: 'R999', actor }))[0]).toBe(404);
    const [, shown] = await answer('registry/rollback', { revision: 'previous', dryRun: true, actor });
    expect(shown).toMatchObject({ changed: false, dryRun: true });
    expect(JSON.stringify(shown['changes'])).toContain('services.json/wrong');
    expect(await answer('registry/rollback', { revision: 'previous', actor })).toMatchObject([
      200,
      { kind: 'RollbackReport', changed: true, held: [] },
    ]);
    await until('the node is back', () => !holds(rig, 0, 'wrong'));
    const [, { entries }] = await asked('audit', { limit: 5 });
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ who: 'ada', action: 'rollback', why: 'wrong name' }),
      ]),
    );
    expect((await rig.syncctl(['audit'])).stdout).toMatch(/ada +rollback +to R\d+ +wrong name/u);
    await until('the history knows whose it was', async () =>
      /ada.*rollback to R\d+: wrong name/u.test((await rig.syncctl(['history', '-o', 'wide'])).stdout),
    );
  });

  it('tells of one node, and looks for what is wrong with it', async () => {
    const [status, detail] = await asked('node', { node: 'worker' });
    expect([status, detail]).toMatchObject([200, { node: { name: 'worker', state: 'active' } }]);
    expect((detail['pushes'] as unknown[]).length).toBeGreaterThan(0);
    expect((await asked('node', { node: 'nobody' }))[0]).toBe(404);
    const looked = await post(open.url, 'doctor', ada, { node: 'worker' });
    const last = (await looked.text()).trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({
      type: 'end',
      answer: {
        kind: 'DoctorReport',
        errors: 0,
        findings: expect.arrayContaining([expect.objectContaining({ subject: 'worker' })]) as unknown,
      },
    });
  });

  it('is driven by a client that was generated from its document', async () => {
    const folder = mkdtempSync(join(open.rig.folder, 'client-'));
    const input = JSON.parse(openApiFile.content) as Record<string, unknown>;
    await createClient({
      input,
      output: { path: folder },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent' },
    });
    const outfile = join(folder, 'bundle.mjs');
    await build({
      entryPoints: [join(folder, 'sdk.gen.ts')],
      ...({ outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' } as const),
    });
    const sdk = (await import(pathToFileURL(outfile).href)) as Record<
      'push' | 'status' | 'revisions' | 'why',
      (options: object) => Promise<{ readonly data: unknown; readonly response: Response }>
    >;
    const to = { baseUrl: open.url, auth: ada };
    const { data } = await sdk.push({ ...to, body: { takeOver: false }, parseAs: 'text' });
    expect(JSON.parse(String(data).trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'end',
      answer: { kind: 'PushReport', verified: 2, failed: 0 },
    });
    expect((await sdk.status(to)).data).toMatchObject({ kind: 'ControllerStatus' });
    const listed = await sdk.revisions({ ...to, query: { limit: 1 } });
    expect(listed.data).toMatchObject({ revisions: [{ number: expect.any(Number) as unknown }] });
    expect((await sdk.why({ ...to, query: { service: 'demo' } })).data).toMatchObject({ service: 'demo' });
    rmSync(folder, { recursive: true, force: true });
  });
});
