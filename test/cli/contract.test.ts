import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import { makeKey } from '../../src/enrol/key-files.ts';
import { noteRestricted } from '../../src/enrol/restricted-nodes.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { nodeId } from '../../src/model/node.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { EnrolDouble } from './enrol-double.ts';
import { hostOf, silent, well } from './doctor-world.ts';
import { historyCases, seedHistory, settingsOf } from './history-site.ts';
import { demo, demoCluster } from './registry-folder.ts';
import { testIdentity } from '../registry/sealed/ring.ts';
import { site } from './support.ts';

/** Fields by kind, as docs/cli-json.md writes them down. */
let written = new Map<string, readonly string[]>();

beforeAll(async () => {
  const text = await readFile(new URL('../../docs/cli-json.md', import.meta.url), 'utf8');
  written = new Map(
    text
      .split(/^## /mu)
      .slice(1)
      .map((section) => {
        const rows = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gmu)].flatMap(([, cell = '']) =>
          [...cell.matchAll(/`(\w+)`/gu)].map((match) => match[1] ?? ''),
        );
        return [section.split('\n')[0]?.trim() ?? '', rows] as const;
      }),
  );
});

/** As after `init --takeover`. */
async function seedObserver(home: string): Promise<void> {
  await mkdir(join(home, '.config', 'sync-controller'), { recursive: true });
  await writeFile(join(home, '.config', 'sync-controller', 'config.yaml'), 'observeOnly: true\n');
}

/** As after `node add --restrict`. */
async function seedRestricted({ daemon: { stateDirectory } }: Settings): Promise<void> {
  await mkdir(stateDirectory, { recursive: true });
  await makeKey(stateDirectory, 1, systemRandom);
  const entry = { generation: 1, old: [], login: 'sammy', since: '2026-01-01T00:00:00Z' };
  await noteRestricted(stateDirectory, nodeId('vps_nodes', '100.68.225.92'), entry);
}

/** A listener for nodes, which only `node add --pull` asks for. */
const listening: Partial<CliContext> = {
  loadSettings: (given) =>
    loadSettings({
      ...given,
      flags: {
        ...given.flags,
        'pull.listen': '127.0.0.1:9443',
        'pull.certificate': '/certificate',
        'pull.key': '/key',
        'pull.trust': 'system',
      },
    }),
};

/** An identity in the settings, and a value sealed to it on standard input. */
async function sealing(): Promise<Partial<CliContext>> {
  const { file, seal } = await testIdentity();
  const value = await seal('x');
  return {
    input: () => Promise.resolve(Buffer.from(value)),
    loadSettings: (given) =>
      loadSettings({ ...given, flags: { ...given.flags, 'secrets.identity': [file] } }),
  };
}

async function result(words: readonly string[]): Promise<Record<string, unknown>> {
  const controller = new ControllerDouble();
  controller.state = status({ daemon: false });
  const content = {
    ...demo,
    cluster: { ...demoCluster, 'sync-controller-cluster-id': 'sc-0123456789abcdef' },
    routing: { demo: { domains: ['curiios.com'], vps_nodes: ['100.68.225.92'], strategy: 'geo' } },
  };
  const made = await site(content, {
    openController: () => Promise.resolve(controller),
    openEnrol: () => Promise.resolve(new EnrolDouble()),
    openDoctor: () =>
      Promise.resolve({
        look: async () => well(),
        survey: () => Promise.resolve(silent),
        kubernetes: undefined,
        identities: ['/key'],
        dedicated: async () => [],
        held: async () => true,
        receiverVersion: async () => '1.0.0',
        agentSocket: undefined,
        defaultPort: 22,
        close: async () => undefined,
      }),
    host: hostOf({}),
    ...(words.includes('--pull') ? listening : {}),
    ...(words[0] === 'secret' ? await sealing() : {}),
  });
  if (words[0] === 'adopt') await seedObserver(made.folder);
  if (words[1] === 'rotate-key') await seedRestricted(await settingsOf(made));
  if (historyCases.some(([, line]) => line === words)) await seedHistory(made, content);
  return JSON.parse((await made.run(...words, '-o', 'json')).out) as Record<string, unknown>;
}

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['HealthReport', ['health']],
  ['ControllerStatus', ['status']],
  ['PushReport', ['push']],
  ['PlanReport', ['plan']],
  ['Rendering', ['render', 'contabo-vps']],
  ['ValidationReport', ['validate']],
  ['DoctorReport', ['doctor']],
  ['NodeList', ['node', 'list']],
  ['Node', ['node', 'show', 'contabo-vps']],
  ['NodeStatistics', ['node', 'stats']],
  ['ServiceList', ['service', 'list']],
  ['Service', ['service', 'show', 'demo']],
  ['DomainList', ['domain', 'list']],
  ['DnsRecords', ['domain', 'show']],
  ['ChangeReport', ['service', 'publish', 'grafana']],
  ['TrustReport', ['node', 'trust', '--all', '--from', 'scan', '--yes']],
  ['KeyRotation', ['node', 'rotate-key', '--all', '--yes']],
  ['ReceiverUpgrade', ['upgrade', '--dry-run']],
  ['PullEnrolment', ['node', 'add', '192.168.1.20', '--type', 'laptop', '--pull']],
  ['RemovalReport', ['node', 'remove', 'dev-laptop', '--yes']],
  ['Term', ['term', 'show']],
  ['TermTaken', ['term', 'take', '--reason', 'x']],
  ['Tokens', ['token', 'list']],
  ['AuditReport', ['audit']],
  ['Token', ['token', 'create', 'ada', '--role', 'admin']],
  ['NoticeTest', ['notify', 'test']],
  ['SecretIdentity', ['secret', 'keygen', 'new.age']],
  ['SealedValue', ['secret', 'encrypt']],
  ['OpenedValue', ['secret', 'decrypt']],
  ['SecretCheck', ['secret', 'check']],
  ['SecretRotation', ['secret', 'rotate']],
  ['Version', ['version']],
  ['RolloutReport', ['rollout', 'pause', '--reason', 'x']],
  ['HoldList', ['freeze', '--all', '--for', '1h', '--reason', 'x']],
  ['Unfrozen', ['unfreeze', '--all']],
  ['DriftRules', ['drift', 'contabo-vps', 'observe']],
  ['InitReport', ['init', '--dry-run']],
  ['AdoptionPlan', ['adopt', '--dry-run']],
  ['AdoptionReport', ['adopt', '--yes']],
  ...historyCases,
];

describe('the written contract of -o json', () => {
  it.each(cases)(
    '%s of syncctl %j has the fields that are written down, all of them and no others',
    async (kind, words) => {
      const value = await result(words);
      expect(value).toMatchObject({ apiVersion: 'sync-controller/v1', kind });
      const fields = Object.keys(value).filter((name) => name !== 'apiVersion' && name !== 'kind');
      expect(fields.toSorted()).toEqual([...(written.get(kind) ?? [])].toSorted());
    },
  );

  it('writes down nothing that does not exist', () => {
    expect([...written.keys()].toSorted()).toEqual([...new Set(cases.map(([kind]) => kind))].toSorted());
  });
});
