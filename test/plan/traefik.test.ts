import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import { compareTraefik } from '../../src/plan/compare-traefik.ts';
import { renderRoutes } from '../../src/plan/render-routes.ts';
import { caseNames, inputOf } from '../cases/case-folder.ts';
import { clusterId, decide } from '../cases/case-output.ts';
import { suiteTitle } from '../servers/origins.ts';
import {
  startTraefik,
  traefikAvailable,
  type TraefikRawData,
  type TraefikServer,
  type TraefikVersion,
} from '../servers/traefik.ts';

/** Every routes file of every golden case. */
function goldenRoutes(): readonly (readonly [string, Bundle])[] {
  return caseNames().flatMap((name) => {
    const { before, now } = inputOf(name);
    const nodes = [...decide(before, now).plan.nodes.values()];
    return nodes.flatMap((node) =>
      node.bundles
        .filter((bundle) => bundle.kind === 'traefik-routes')
        .map((bundle) => [`${name} ${node.id}`, bundle] as const),
    );
  });
}

const foreign = `http:
  routers:
    blog:
      rule: "Host(\`blog.curiios.com\`)"
      service: blog-service
      entryPoints: [websecure]
      tls:
        certResolver: letsencrypt
    demo-extra:
      rule: "Host(\`demo.curiios.com\`) && PathPrefix(\`/extra\`)"
      service: demo-service
      entryPoints: [websecure]
      tls: {}
  services:
    blog-service:
      loadBalancer:
        servers:
          - url: "http://127.0.0.1:9"
`;

const versions: readonly TraefikVersion[] = ['v2', 'v3'];
for (const version of versions) {
  const availability = traefikAvailable(version);
  describe.skipIf(!availability.available)(
    suiteTitle(`routes files under a real Traefik ${version}`, availability),
    () => {
      let traefik: TraefikServer;
      const backend = createServer((req, res) => res.end(`saw ${req.headers.host ?? ''}`));
      let url = '';

      beforeAll(async () => {
        await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
        url = `http://127.0.0.1:${String((backend.address() as AddressInfo).port)}`;
        traefik = await startTraefik({ version, throttle: '50ms' });
      });
      afterAll(async () => {
        backend.close();
        await traefik.stop();
      });

      const put = async (file: string, bytes: string): Promise<void> => {
        const temp = join(traefik.configDir, `.${file}.tmp`);
        await writeFile(temp, bytes);
        await rename(temp, join(traefik.configDir, file));
      };
      const install = (bundle: Bundle): Promise<void> => put('mynodeone-routes.yml', bundle.bytes);
      const verdict = async (bundle: Bundle): Promise<string> => {
        const compared = compareTraefik(bundle.expectation, await traefik.rawData());
        return compared.agrees ? 'agrees' : compared.evidence;
      };
      const loads = (bundle: Bundle, name: string): Promise<void> =>
        expect.poll(() => verdict(bundle), { timeout: 20_000, interval: 20, message: name }).toBe('agrees');
      const bundleOf = (...subdomains: readonly string[]): Bundle =>
        renderRoutes(
          subdomains.map((name) => ({ host: `${name}.curiios.com`, url, router: name, backend: name })),
          { clusterId, domains: ['curiios.com'] },
        );
      /** Status with the place of a redirect, or with the body. The certificate is Traefik's own: none is ever asked of anyone here. */
      const ask = (host: string, way: 'plain' | 'secure' = 'plain'): Promise<string> =>
        new Promise((resolve, reject) => {
          const options = {
            host: '127.0.0.1',
            headers: { host },
            servername: host,
            rejectUnauthorized: false,
          };
          const answered = (res: IncomingMessage): void => {
            text(res).then((body) => {
              resolve(`${String(res.statusCode)} ${res.headers.location ?? body.trim()}`);
            }, reject);
          };
          const asked =
            way === 'secure'
              ? secureRequest({ ...options, port: traefik.websecurePort }, answered)
              : request({ ...options, port: traefik.webPort }, answered);
          asked.on('error', reject);
          asked.end();
        });

      it('loads every golden file, one after the other, and its raw data equals the plan', async () => {
        for (const [name, bundle] of goldenRoutes()) {
          await install(bundle);
          await loads(bundle, name);
        }
      });

      it('disagrees while a withdrawn route is still loaded, and agrees once a file of comments only has replaced it', async () => {
        await install(bundleOf('demo', 'chat'));
        await loads(bundleOf('demo', 'chat'), 'two routes');
        expect(await verdict(bundleOf('demo'))).toContain('router chat is still loaded');
        expect(await verdict(bundleOf())).toContain('is still loaded');
        await install(bundleOf());
        await loads(bundleOf(), 'no route');
        expect(await ask('demo.curiios.com')).toMatch(/^404 /);
      });

      it('lets routers of a foreign file beside ours be', async () => {
        await put('foreign.yml', foreign);
        await install(bundleOf('demo'));
        await loads(bundleOf('demo'), 'beside a foreign file');
        expect(Object.keys((await traefik.rawData()).routers ?? {})).toContain('blog@file');
        await put('foreign.yml', '# nothing\n');
      });

      it('brings a request for a routed host to its backend, and answers 404 for a withdrawn one', async () => {
        await install(bundleOf('demo', 'chat'));
        await loads(bundleOf('demo', 'chat'), 'two routes');
        expect(await ask('chat.curiios.com')).toBe('301 https://chat.curiios.com/');
        expect(await ask('chat.curiios.com', 'secure')).toBe('200 saw chat.curiios.com');
        await install(bundleOf('demo'));
        await loads(bundleOf('demo'), 'one route');
        expect(await ask('chat.curiios.com', 'secure')).toMatch(/^404 /);
        expect(await ask('demo.curiios.com', 'secure')).toBe('200 saw demo.curiios.com');
      });

      it('reports our routers as the recorded raw data of the other tests has them', async () => {
        await install(bundleOf('demo'));
        await loads(bundleOf('demo'), 'one route');
        const recorded = JSON.parse(
          await readFile(join(import.meta.dirname, `rawdata-${version}.json`), 'utf8'),
        ) as TraefikRawData;
        const loaded = await traefik.rawData();
        expect(loaded.routers?.['demo@file']).toEqual(recorded.routers?.['demo@file']);
        expect(loaded.routers?.['demo-http@file']).toEqual(recorded.routers?.['demo-http@file']);
        expect(Object.keys(loaded.services?.['demo-service@file'] ?? {})).toEqual(
          Object.keys(recorded.services?.['demo-service@file'] ?? {}),
        );
      });
    },
  );
}
