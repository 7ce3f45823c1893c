import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { addDashboard } from '../../src/http/dashboard.ts';
import type { Env } from '../../src/http/app.ts';
import { buildDashboard } from '../tools/build-dashboard.ts';
import { openDoor } from './door.ts';

const root = new URL('../../', import.meta.url).pathname;
const firstPaintLimit = 100_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  await mkdir(folder, { recursive: true });
  await buildDashboard(root, folder, manifest.version);
  return () => rm(folder, { recursive: true });
});

function app(from = folder): Hono<Env> {
  const served = new Hono<Env>();
  addDashboard(served, from);
  return served;
}

/** What the page names, and so a browser loads before it paints. */
async function named(served: Hono<Env>): Promise<readonly string[]> {
  const html = await (await served.request('/')).text();
  return [...html.matchAll(/(?:src|href)="([^"]+)"/gu)].map(([, path = '']) => path);
}

describe('the dashboard', () => {
  it('paints first for less than 100 KB on the wire, and loads nothing from elsewhere', async () => {
    const served = app();
    const paths = await named(served);
    expect(paths.every((path) => path.startsWith('/assets/'))).toBe(true);
    const gzip = { headers: { 'accept-encoding': 'gzip' } };
    const sizes = await Promise.all(
      ['/', ...paths].map(
        async (path) => (await (await served.request(path, gzip)).arrayBuffer()).byteLength,
      ),
    );
    expect(paths).toHaveLength(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(firstPaintLimit);
  });

  it('gives names that change with their content for a year, and the page for a question', async () => {
    const served = app();
    for (const path of await named(served))
      expect((await served.request(path)).headers.get('cache-control')).toBe(
        'public, max-age=31536000, immutable',
      );
    const page = await served.request('/');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const again = await served.request('/', { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('was compressed at the build, and gives each browser what it takes', async () => {
    const served = app();
    const [path = ''] = (await named(served)).filter((one) => one.endsWith('.js') && one.includes('main'));
    const ask = async (accepted: string) => {
      const response = await served.request(path, { headers: { 'accept-encoding': accepted } });
      return {
        encoding: response.headers.get('content-encoding'),
        etag: response.headers.get('etag'),
        bytes: Buffer.from(await response.arrayBuffer()),
      };
    };
    const [br, gzip, plain, refused] = [
      await ask('gzip, deflate, br'),
      await ask('gzip'),
      await ask(''),
      await ask('br;q=0, gzip;q=0'),
    ];
    expect([br.encoding, gzip.encoding, plain.encoding, refused.encoding]).toEqual([
      'br',
      'gzip',
      null,
      null,
    ]);
    expect(brotliDecompressSync(br.bytes).equals(plain.bytes)).toBe(true);
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true);
    expect(new Set([br.etag, gzip.etag, plain.etag]).size).toBe(3);
  });

  it('lets nothing in that is not its own', async () => {
    const { headers } = await app().request('/');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/u,
    );
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/u);
    expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([
      'nosniff',
      'no-referrer',
    ]);
  });

  it.each([
    '/assets/../manifest.json',
    '/assets/%2e%2e/manifest.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/__proto__',
    '/manifest.json',
    '/assets/',
  ])('gives no other file: %s', async (path) => {
    const door = await openDoor();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    // Sent as it stands: fetch would tidy the path up.
    request(`${door.url}/`, { path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
    expect(await promise).toBe(404);
  });

  it('says how it is built where it is not', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'nothing-'));
    onTestFinished(() => rm(empty, { recursive: true }));
    const response = await app(empty).request('/');
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('make build')]);
    await writeFile(join(empty, 'manifest.json'), '{}');
    expect(existsSync(join(empty, 'manifest.json'))).toBe(true);
  });

  it('is not there where the settings say so', async () => {
    const door = await openDoor({ dashboard: false });
    expect((await door.ask('/')).status).toBe(404);
  });
});
