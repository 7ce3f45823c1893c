import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { caddyOn } from '../support/caddy-on-node.ts';
import { dnsmasqOn } from '../support/dnsmasq-on-node.ts';
import { hasProgram } from '../support/programs.ts';
import { traefikOn } from '../support/traefik-on-node.ts';
import { fileOn, startRig, until, type Daemon, type NodeType, type Rig } from './rig.ts';

/** Programs on the nodes that take what we write, or refuse it. */
interface Consumers {
  /** True where a request, or a query, to a node finds the name. */
  serves(index: number, name: string): Promise<boolean>;
  /** From now on the program of a node takes no revision with the name `bad`. */
  refuse(index: number): Promise<void>;
  accept(index: number): Promise<void>;
  /** Neither `bad` nor what is there now would be taken again on the first node; the next one refuses `bad`, too. */
  breakBoth(): Promise<void>;
}

interface Kind {
  readonly type: NodeType;
  readonly available: boolean;
  readonly file: string;
  /** The class that a canary with a refused revision fails with, and what is told of it. */
  readonly cause: string;
  readonly told: string;
  readonly start: (rig: Rig) => Promise<Consumers>;
  /** Whether the way back fails by names that are in the last good revision alone. */
  readonly worse: readonly string[];
}

const names = ['ca', 'cb', 'cc'];
const policy = (onFailure: string): string =>
  `rollout:\n  batches: [1]\n  canaries:\n    names: [ca]\n  onFailure: ${onFailure}\nretry:\n  attempts: 1\npush:\n  loadMs: 4000\n`;

const traefik: Kind = {
  type: 'vps_nodes',
  available: traefikAvailable('v2').available && traefikAvailable('v3').available,
  file: 'home/node/traefik/config/mynodeone-routes.yml',
  // It was healthy before: what it does not load is undone at once, by a body that the controller renders.
  cause: 'restored',
  told: 'router bad: expected it to be loaded, got none',
  worse: ['demo', 'bad'],
  start: async (rig) => {
    const all = [
      await traefikOn(rig.node(0), 'v2'),
      await traefikOn(rig.node(1), 'v3'),
      await traefikOn(rig.node(2), 'v3'),
    ];
    const broken = '/home/node/traefik/config/zz-broken.yml';
    // Traefik takes the files of its folder together: one that it cannot read keeps out all that is new.
    const refuse = async (index: number): Promise<void> => {
      await rig.node(index).run(`printf 'http:\\n  routers: [\\n' >${broken}`);
    };
    return {
      serves: async (index, name) => (await all[index]?.ask(`${name}.example.org`)) !== '404',
      refuse,
      accept: async (index) => {
        await rig.node(index).run(`rm -f ${broken}`);
      },
      breakBoth: async () => {
        await all[0]?.stop();
        await refuse(0);
        await all[0]?.start();
      },
    };
  },
};

const caddy: Kind = {
  type: 'caddy_nodes',
  available: hasProgram('caddy'),
  file: 'etc/caddy/sync-controller.caddy',
  cause: 'restored',
  told: '.*ambiguous site definition',
  // The first node takes a revision without demo while somebody else has that name; there is no way back to it.
  worse: ['bad'],
  start: async (rig) => {
    const all = [await caddyOn(rig.node(0)), await caddyOn(rig.node(1)), await caddyOn(rig.node(2))];
    const site = (name: string): string => `${name}.example.org {\n\trespond "taken"\n}\n`;
    return {
      serves: async (index, name) => {
        const answer = (await all[index]?.ask(`${name}.example.org`)) ?? '';
        return answer !== '000' && !answer.startsWith('taken');
      },
      refuse: (index) => {
        all[index]?.caddyfile(site('bad'));
        return Promise.resolve();
      },
      accept: (index) => {
        all[index]?.caddyfile('');
        return Promise.resolve();
      },
      breakBoth: () => {
        all[0]?.caddyfile(site('demo'));
        all[1]?.caddyfile(site('bad'));
        return Promise.resolve();
      },
    };
  },
};

const dnsmasq: Kind = {
  type: 'dnsmasq_nodes',
  available: hasProgram('dnsmasq'),
  file: 'etc/dnsmasq.hosts.d/sync-controller.hosts',
  cause: 'not_answering',
  told: '.*bad.testcloud.local',
  worse: ['demo', 'bad'],
  start: async (rig) => {
    const all = [await dnsmasqOn(rig.node(0)), await dnsmasqOn(rig.node(1)), await dnsmasqOn(rig.node(2))];
    const name = (word: string): string => `${word}.testcloud.local`;
    return {
      serves: async (index, word) => {
        const answer = await all[index]?.ask(name(word));
        return Array.isArray(answer) && answer.some((address) => address !== '6.6.6.6');
      },
      refuse: async (index) => all[index]?.foreign(name('bad'), '6.6.6.6'),
      accept: async (index) => all[index]?.foreign(name('bad')),
      breakBoth: async () => {
        await all[0]?.foreign(name('bad'), '6.6.6.6');
        writeFileSync(
          join(rig.node(0).rootDir, 'etc/foreign.hosts'),
          `6.6.6.6\t${name('bad')} ${name('demo')}\n`,
        );
        await rig.node(0).run('kill -HUP "$(cat /run/dnsmasq.pid)"');
        await until('the foreign line of demo is read', async () =>
          ((await all[0]?.ask(name('demo'))) ?? '').includes('6.6.6.6'),
        );
      },
    };
  },
};

describe.each([
  ['Traefik', traefik],
  ['Caddy', caddy],
  ['dnsmasq', dnsmasq],
])('automatic rollback on nodes with a real %s', (_name, kind) => {
  const available = fleetAvailable('namespaces').available && kind.available;
  let rig: Rig;
  let daemon: Daemon;
  let on: Consumers;
  beforeAll(async () => {
    if (!available) return;
    rig = await startRig({
      nodes: names.map((name) => ({ type: kind.type, name })),
      settings: policy('rollback'),
    });
    on = await kind.start(rig);
    const first = await rig.syncctl(['push']);
    expect(first.code, first.stderr).toBe(0);
  }, 180_000);
  afterAll(async () => {
    if (available) await rig.stop();
  });

  const serve = (...wanted: string[]): void => {
    const service = { ip: '100.76.150.77', port: 80, public: true };
    rig.edit('service-registry', 'services.json', () =>
      Object.fromEntries(wanted.map((name) => [name, { ...service, subdomain: name }])),
    );
  };
  const follow = (onFailure: string): void => {
    const text = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, text.replace(/onFailure: \w+/u, `onFailure: ${onFailure}`));
  };
  const file = (index: number): string => fileOn(rig.node(index), kind.file);
  const serving = async (name: string): Promise<string> => {
    const found = await Promise.all(names.map((_, index) => on.serves(index, name)));
    return names.filter((_, index) => found[index]).join(' ');
  };
  const phase = async (): Promise<string> => {
    const { stdout } = await rig.syncctl(['status', '-o', 'json']);
    return (JSON.parse(stdout) as PushReport).rollout?.phase ?? 'none';
  };
  const push = async (): Promise<{ code: number | null; phase: string; nodes: readonly NodeReport[] }> => {
    const { code, stdout } = await rig.syncctl(['push', '-o', 'json']);
    const { rollout, nodes } = JSON.parse(stdout) as PushReport;
    return { code, phase: rollout?.phase ?? 'none', nodes };
  };
  const told = (nodes: readonly NodeReport[]): readonly string[] =>
    nodes.map(({ name, cause }) => `${name} ${cause ?? 'verified'}`);

  it.skipIf(!available)(
    'a canary that refuses it is restored, the revision is pinned, and the daemon does not push it again',
    async () => {
      daemon = rig.daemon();
      await until('it has started', () => daemon.said().includes('started'));
      await on.refuse(0);
      const before = names.map((_, index) => file(index));
      serve('demo', 'bad');
      await until('it is taken back', async () => (await phase()) === 'rolled-back');
      expect(names.map((_, index) => file(index))).toEqual(before);
      expect([await serving('demo'), await serving('bad')]).toEqual(['ca cb cc', '']);
      expect((await rig.syncctl(['health'])).stdout).toMatch(
        new RegExp(
          `^Pinned: .* was taken back .*the canary .*ca ${kind.cause}: ${kind.told}.*syncctl unpin`,
          'mu',
        ),
      );
      // Neither the pass of all nodes nor the canary's recovery brings it back.
      await on.accept(0);
      expect((await rig.syncctl(['reconcile'])).code).toBe(0);
      expect([await phase(), await serving('bad')]).toEqual(['rolled-back', '']);
      const refused = await rig.syncctl(['push']);
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('pinned since')]);
    },
    120_000,
  );

  it.skipIf(!available)(
    'unpin lets it go on to every node, once the canary takes it',
    async () => {
      const unpinned = await rig.syncctl(['unpin', '--reason', 'the canary was mended']);
      expect([unpinned.code, unpinned.stderr]).toEqual([0, expect.stringContaining('syncctl rollout abort')]);
      await until('every node has it', async () => (await serving('bad')) === 'ca cb cc');
      await until('the rollout is over', async () => (await phase()) === 'none');
      await daemon.stop();
    },
    120_000,
  );

  it.skipIf(!available)(
    'a later node that refuses it has the nodes before it taken back, verified by the same ladder',
    async () => {
      serve('demo');
      expect((await push()).code).toBe(0);
      await on.refuse(1);
      serve('demo', 'bad');
      const pushed = await push();
      expect([pushed.code, pushed.phase, told(pushed.nodes)]).toEqual([
        3,
        'rolled-back',
        ['ca rolled_back', `cb ${kind.cause}`, 'cc rollout_waiting'],
      ]);
      expect([await serving('demo'), await serving('bad')]).toEqual(['ca cb cc', '']);
      const { stdout } = await rig.syncctl(['history', '--node', 'ca', '-o', 'json']);
      expect(stdout).toContain('"ok": true');
    },
    120_000,
  );

  it.skipIf(!available)(
    'under hold the nodes that have it keep it, and no other gets it',
    async () => {
      follow('hold');
      serve('demo', 'bad', 'more');
      const pushed = await push();
      expect([pushed.code, pushed.phase]).toEqual([1, 'held']);
      expect((await serving('more')).split(' ')).toContain('ca');
      expect((await serving('more')).split(' ')).not.toContain('cc');
      expect(file(2)).not.toContain('more');
      await on.accept(1);
      follow('rollback');
      serve('demo');
      expect((await push()).code).toBe(0);
      expect([await serving('demo'), await serving('more')]).toEqual(['ca cb cc', '']);
    },
    120_000,
  );

  it.skipIf(!available)(
    'a way back that fails has a state and an exit code of its own',
    async () => {
      await on.breakBoth();
      serve(...kind.worse);
      const pushed = await push();
      expect([pushed.code, pushed.phase]).toEqual([4, 'rollback-failed']);
      expect(told(pushed.nodes)[0]).toBe('ca rollback_failed');
      const show = await rig.syncctl(['rollout', 'show']);
      expect([show.code, show.stdout]).toEqual([4, expect.stringContaining('rollback-failed')]);
      expect((await rig.syncctl(['health'])).stdout).toMatch(
        /^Pinned: .* failed on at least one node; .*not taken back from ca /mu,
      );
    },
    120_000,
  );
});
