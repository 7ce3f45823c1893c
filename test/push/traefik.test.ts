import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { enrolByHand, planOf } from '../support/enrolled.ts';
import { traefikOn, type NodeTraefik } from '../support/traefik-on-node.ts';
import type { Bundle } from '../../src/model/bundle.ts';
import type { Outcome, TargetMemory } from '../../src/model/outcome.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { routesBundle } from '../../src/plan/render-routes.ts';
import type { Approach } from '../../src/push/context.ts';
import { pushNode } from '../../src/push/push-node.ts';
import { Unconfirmed } from '../../src/push/unconfirmed.ts';
import { endpointFor } from '../../src/transport/endpoint.ts';
import { createSsh2Transport } from '../../src/transport/ssh2-transport.ts';

const clusterId = 'sc-0123456789abcdef';
const versions = (['v2', 'v3'] as const).filter((version) => traefikAvailable(version).available);
const ready = fleetAvailable('namespaces').available && versions.length > 0;

describe.skipIf(!ready).each(versions.map((version) => ({ version })))(
  'a VPS with Traefik $version',
  ({ version }) => {
    let fleet: Fleet;
    let node: FleetNode;
    let traefik: NodeTraefik;
    let backend: Server;
    let url: string;
    let seq = 0;
    const transport = createSsh2Transport();

    beforeAll(async () => {
      fleet = await startFleet({ nodes: 1 });
      node = fleet.node(0);
      enrolByHand(node, 'traefik-routes');
      traefik = await traefikOn(node, version);
      backend = createServer((_request, response) => response.end('here')).listen(0, fleet.controllerAddress);
      await new Promise((resolve) => backend.once('listening', resolve));
      url = `http://${fleet.controllerAddress}:${String((backend.address() as AddressInfo).port)}`;
    });
    afterAll(async () => {
      backend.close();
      await transport.close();
      await fleet.stop();
    });

    const push = async (
      bundle: Bundle,
      options: { approach?: Approach; memory?: TargetMemory; loadMs?: number } = {},
    ): Promise<Outcome> => {
      const plan = planOf(node, 'vps_nodes', bundle);
      const endpoint = endpointFor(
        plan.node,
        { identity: [fleet.clientKey], agent: undefined, port: 22, jumps: [] },
        { env: {}, uid: 0 },
      );
      return pushNode(
        plan,
        options.approach ?? 'apply',
        {
          lane: { transport, endpoint, clusterId, random: systemRandom, deadlineMs: 15_000 },
          clock: systemClock,
          nextPosition: () => ({ epoch: 1, writer: 'writer01', seq: (seq += 1) }),
          slot: (work) => work(),
          memory: options.memory,
          loadMs: options.loadMs ?? 20_000,
          takeOver: false,
          unconfirmed: new Unconfirmed(),
          additionsOnly: false,
        },
        new AbortController().signal,
      );
    };
    const routes = (hosts: readonly string[], backendUrl = url): Bundle =>
      routesBundle(
        {
          pairs: hosts.map((host) => ({
            router: host.split('.')[0] ?? host,
            host,
            service: `${host.split('.')[0] ?? host}-service`,
          })),
          backends: hosts.map((host) => ({
            service: `${host.split('.')[0] ?? host}-service`,
            url: backendUrl,
          })),
        },
        { clusterId, domains: ['example.org'] },
      );
    const file = async (): Promise<string> =>
      (await node.run('cat /home/node/traefik/config/mynodeone-routes.yml')).stdout;

    it('is verified up to the request that answers, and the request reaches the backend', async () => {
      const outcome = await push(routes(['demo.example.org', 'chat.example.org']));
      expect(outcome).toMatchObject({
        ok: true,
        changed: true,
        rungs: ['digest', 'parsed', 'loaded', 'answers'],
      });
      expect(await traefik.ask('demo.example.org')).toBe('200');
    });

    it('B14: an unchanged router name proves nothing: a new backend counts only when Traefik has it', async () => {
      await push(routes(['demo.example.org', 'chat.example.org'], 'http://100.64.9.9:81'));
      const raw = await node.run('curl -s http://127.0.0.1:8080/api/rawdata');
      expect(raw.stdout).toContain('http://100.64.9.9:81');
    });

    it('B25: withdrawing one route, and then the last one, gives 404', async () => {
      expect(await push(routes(['demo.example.org']))).toMatchObject({ ok: true });
      expect(await traefik.ask('chat.example.org')).toBe('404');
      expect(await push(routes([]))).toMatchObject({ ok: true });
      expect(await traefik.ask('demo.example.org')).toBe('404');
    });

    it('a healthy consumer that does not take the new bytes gets the old ones back, minus what was withdrawn', async () => {
      expect(await push(routes(['demo.example.org', 'gone.example.org']))).toMatchObject({ ok: true });
      // Another file of the directory breaks the whole provider: our new bytes are right and still not loaded.
      await node.run("printf 'http:\\n  routers: {}\\n' > /home/node/traefik/config/foreign.yml");
      const outcome = await push(routes(['demo.example.org', 'extra.example.org']), { loadMs: 3_000 });
      expect(outcome).toMatchObject({ ok: false, cause: 'restored' });
      const text = await file();
      expect(text).toContain('demo.example.org');
      expect(text).not.toContain('gone.example.org');
      expect(text).not.toContain('extra.example.org');
      await node.run('rm /home/node/traefik/config/foreign.yml');
      expect(await push(routes(['demo.example.org', 'extra.example.org']))).toMatchObject({ ok: true });
    });

    it('a dead consumer never brings a withdrawn route back', async () => {
      await traefik.stop();
      const memory: TargetMemory = {
        accepted: undefined,
        installed: undefined,
        rungs: ['digest', 'parsed', 'loaded', 'answers'],
      };
      const outcome = await push(routes(['demo.example.org']), { memory, loadMs: 1_000 });
      expect(outcome).toMatchObject({ ok: false, cause: 'consumer_down', reachable: true });
      expect(await file()).not.toContain('extra.example.org');
      await traefik.start();
      expect(await traefik.ask('extra.example.org')).toBe('404');
      expect(await push(routes(['demo.example.org']), { approach: 'check', memory })).toMatchObject({
        ok: true,
        changed: false,
      });
    });
  },
);
