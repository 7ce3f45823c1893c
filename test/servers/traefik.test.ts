import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteTitle } from './origins.ts';
import { startTraefik, traefikAvailable } from './traefik.ts';
import type { TraefikServer, TraefikVersion } from './traefik.ts';

const HOST = 'demo.example.test';

function routes(backend: string): string {
  return `http:
  routers:
    demo:
      rule: "Host(\`${HOST}\`)"
      service: demo-service
      entryPoints: [websecure]
      tls:
        certResolver: letsencrypt
    demo-http:
      rule: "Host(\`${HOST}\`)"
      service: demo-service
      entryPoints: [web]
  services:
    demo-service:
      loadBalancer:
        servers:
          - url: "${backend}"
`;
}

const versions: readonly TraefikVersion[] = ['v2', 'v3'];
for (const version of versions) {
  const availability = traefikAvailable(version);
  describe.skipIf(!availability.available)(suiteTitle(`a real Traefik ${version}`, availability), () => {
    const backend = createServer((req, res) => res.end(`backend saw ${req.headers.host ?? ''}`));
    let url: string;
    let traefik: TraefikServer;

    beforeAll(async () => {
      await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
      traefik = await startTraefik({ version, throttle: '100ms' });
    });
    afterAll(async () => {
      backend.close();
      await traefik.stop();
    });

    const install = async (content: string): Promise<void> => {
      const temp = join(traefik.configDir, '.routes.tmp');
      await writeFile(temp, content);
      await rename(temp, join(traefik.configDir, 'routes.yml'));
    };
    const loaded = async (): Promise<readonly string[]> =>
      Object.keys((await traefik.rawData()).routers ?? {}).filter((name) => name.endsWith('@file'));
    const ask = (port: number, secure: boolean): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, headers: { host: HOST }, agent: false };
        // Its own stand-in certificate is all a Traefik without an authority can show.
        const outgoing = secure
          ? secureRequest({ ...options, servername: HOST, rejectUnauthorized: false })
          : request(options);
        outgoing.once('error', reject);
        outgoing.once('response', (res) => {
          text(res).then((body) => resolve({ status: res.statusCode ?? 0, body }), reject);
        });
        outgoing.end();
      });

    it('is the version it is taken for', async () => {
      const answer = (await (await fetch(`${traefik.apiUrl}/api/version`)).json()) as { Version: string };
      expect(`v${answer.Version}`).toMatch(new RegExp(`^${version}\\.`));
    });

    it('loads a file that appears, serves its host on both entry points, and answers 404 once it is withdrawn', async () => {
      expect((await ask(traefik.webPort, false)).status).toBe(404);
      await install(routes(url));
      await expect.poll(loaded, { timeout: 20_000 }).toEqual(['demo-http@file', 'demo@file']);

      const { routers, services } = await traefik.rawData();
      expect(routers?.['demo@file']).toMatchObject({ rule: `Host(\`${HOST}\`)`, status: 'enabled' });
      expect(routers?.['demo@file']?.tls).toEqual({ certResolver: 'letsencrypt' });
      expect(services?.['demo-service@file']?.loadBalancer?.servers).toEqual([{ url }]);
      const answer = { status: 200, body: `backend saw ${HOST}` };
      expect(await ask(traefik.webPort, false)).toEqual(answer);
      expect(await ask(traefik.websecurePort, true)).toEqual(answer);

      await install('# nothing is routed\n');
      await expect.poll(loaded, { timeout: 20_000 }).toEqual([]);
      expect((await ask(traefik.webPort, false)).status).toBe(404);
    });

    it.each(['http/routers', 'http/services', 'http/middlewares', 'overview', 'entrypoints', 'rawdata'])(
      'serves /api/%s',
      async (path) => {
        const answer = await fetch(`${traefik.apiUrl}/api/${path}`);
        expect(answer.status).toBe(200);
        expect(await answer.json()).toBeTypeOf('object');
      },
    );

    it('loads the folder again after kill -9 and restart', async () => {
      await install(routes(url));
      await traefik.kill9();
      await traefik.restart();
      await expect.poll(loaded, { timeout: 20_000 }).toEqual(['demo-http@file', 'demo@file']);
      await rm(join(traefik.configDir, 'routes.yml'));
      await expect.poll(loaded, { timeout: 20_000 }).toEqual([]);
    });
  });
}
