// A history of four revisions, and what it says of services and lines.
import type { HistoryApi, PushRecord, RevisionDetail, RevisionSummary } from '../../src/contract/history.ts';
import type { Insight } from '../../src/contract/insight.ts';
import { ago, fleet, hetzner, type NodeRow } from './showcase-fleet.ts';

const revision = (number: number, changes: Partial<RevisionSummary>): RevisionSummary => ({
  ...{
    number,
    digest: `d${String(number)}`.padEnd(64, '0'),
    at: ago(12),
    source: 'kubernetes',
    who: 'ada',
    why: null,
    summary: '',
    complete: true,
    findings: 0,
    nodes: 12,
    current: 12,
  },
  ...changes,
});

export const revisions: readonly RevisionSummary[] = [
  revision(48, {
    at: ago(12),
    summary: '+service wiki, ~service grafana (public)',
    why: 'the team wants the wiki outside',
    current: 10,
  }),
  revision(47, { at: ago(95), summary: '~service demo (port)', who: 'vinay', current: 12 }),
  revision(46, { at: ago(60 * 26), summary: '+worker worker-05', who: 'syncctl node add', current: 12 }),
  revision(45, {
    at: ago(60 * 50),
    summary: '-service old-blog, -domain old.example',
    who: 'ada',
    why: 'moved away',
  }),
];

const change = [
  {
    path: 'service-registry/services.json/wiki',
    change: 'added' as const,
    after: {
      subdomain: 'wiki',
      namespace: 'apps',
      service: 'wiki',
      ip: '100.76.150.61',
      port: 8080,
      public: true,
    },
  },
  {
    path: 'service-registry/services.json/grafana/public',
    change: 'changed' as const,
    before: false,
    after: true,
  },
];

const push = (number: number, changes: Partial<PushRecord> = {}): PushRecord => ({
  ...{
    number,
    node: 'vps_nodes@100.68.225.92',
    name: 'contabo-vps',
    kind: 'traefik-routes',
    attempted: true,
    attempt: 1,
    revision: 48,
    digest: 'a',
    epoch: 7,
    writer: 'a1b2c3d4',
  },
  ...{
    started: ago(12),
    last: ago(12),
    times: 1,
    totalMs: 412,
    phases: { waitMs: 2, dialMs: 80, exchangeMs: 190, verifyMs: 140 },
    ok: true,
    changed: true,
    cause: null,
    evidence: '',
  },
  ...{
    desired: 'a',
    installed: 'a',
    rungs: ['digest', 'parsed', 'loaded', 'answers'],
    notes: [],
    receipt: null,
    state: 'active',
    who: null,
    why: null,
  },
  ...changes,
});
/** The reader of a history with four revisions. */
export const reader: HistoryApi = {
  revisions: (limit) => Promise.resolve({ revisions: revisions.slice(0, limit), dropped: 0 }),
  revision: (word) => {
    const found = revisions.find(({ number }) => word === `R${String(number)}`) ?? revisions[0]!;
    const detail: RevisionDetail = {
      ...found,
      findings: [],
      objects: [],
      changes: change,
      before: found.number - 1,
    };
    return Promise.resolve(detail);
  },
  revisionTexts: () => Promise.resolve(undefined),
  pushes: ({ node }) =>
    Promise.resolve(
      node === hetzner.node
        ? [
            push(9, {
              ...{
                node: hetzner.node,
                name: hetzner.name,
                ok: false,
                changed: false,
                times: 14,
                cause: 'hostkey_changed',
                evidence: hetzner.evidence,
                rungs: [],
                totalMs: 61,
              },
            }),
            push(8, { revision: 47, last: ago(55) }),
          ]
        : [
            push(9),
            push(8, {
              node: 'worker_nodes@100.70.3.1',
              name: 'worker-01',
              rungs: ['digest', 'resolves'],
              totalMs: 190,
            }),
          ],
    ),
  lastPushes: () => Promise.resolve([push(9)]),
};

/** Services and their reasons. */
export const insight: Insight = {
  services: () => {
    const one = (name: string, changes: object = {}) => ({
      ...{
        name,
        namespace: 'apps',
        target: '100.76.150.207:80',
        public: true,
        internal: [`${name}.minicloud.local`],
        outside: [`${name}.example.org`],
        nodes: 12,
        current: 10,
      },
      ...changes,
    });
    const services = [
      one('demo'),
      one('wiki', { target: '100.76.150.61:8080' }),
      one('grafana'),
      one('postgres', { public: false, outside: [], nodes: 8, current: 8 }),
      one('new', { target: null, internal: [], outside: [], nodes: 0, current: 0 }),
    ];
    return Promise.resolve({ apiVersion: 'sync-controller/v1', kind: 'ServiceList', services });
  },
  why: (service) => {
    const node = ({ node: id, name, type, state, cause, evidence, remedy }: NodeRow) => ({
      ...{
        node: id,
        name,
        type,
        hosts: [`${service}.example.org`],
        since: ago(12),
        cause,
        reason: evidence,
        remedy,
      },
      state: state === 'active' ? ('live' as const) : ('missing' as const),
    });
    const because = {
      revision: 48,
      at: ago(12),
      who: 'ada',
      why: 'the team wants the wiki outside',
      oldest: false,
    };
    return Promise.resolve({
      apiVersion: 'sync-controller/v1',
      kind: 'WhyReport',
      service,
      registered: true,
      hosts: [`${service}.example.org`, `${service}.minicloud.local`],
      because,
      nodes: fleet.map(node),
    });
  },
  blame: (node) => {
    const lines = [
      '# managed by sync-controller',
      'http:',
      '  routers:',
      '    wiki:',
      '      rule: Host(`wiki.example.org`)',
    ].map((line, at) => ({
      ...{
        number: at + 1,
        line,
        revision: at < 3 ? 1 : 48,
        at: ago(12),
        who: at < 3 ? null : 'ada',
        why: null,
        oldest: at < 3,
      },
    }));
    return Promise.resolve({
      apiVersion: 'sync-controller/v1',
      kind: 'BlameReport',
      node,
      name: node,
      lines,
    });
  },
};
