import type { Actor, ControllerApi, PlanRequest, PushRequest } from '../../src/contract/controller.ts';
import type { Audited, AuditReport } from '../../src/contract/audit.ts';
import type { NodeLifecycle, RemovalReport, RemovalRequest } from '../../src/contract/lifecycle.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from '../../src/contract/report.ts';
import type { NodeTokenDesk, NodeTokened } from '../../src/contract/node-tokens.ts';
import type { Steered } from '../../src/contract/steering.ts';
import type { Noticed, NoticeResult, Notices } from '../../src/contract/notices.ts';
import type { Tokened, TokenDesk, TokenReport } from '../../src/contract/tokens.ts';
import { SyncError } from '../../src/lib/errors.ts';
import type { Insight, Insightful } from '../../src/contract/insight.ts';
import { insightDouble } from './insight-double.ts';
import { steeringDouble } from './steering-double.ts';

export const verified = (name: string, changes: Partial<NodeReport> = {}): NodeReport => ({
  node: `vps_nodes@${name}`,
  name,
  type: 'vps_nodes',
  address: '100.68.225.92',
  state: 'active',
  verified: true,
  changed: true,
  cause: null,
  evidence: '',
  remedy: null,
  rungs: ['digest', 'parsed', 'loaded'],
  notes: [],
  ...changes,
});

export const offline = (name: string): NodeReport =>
  verified(name, {
    state: 'pending_sync',
    verified: false,
    changed: false,
    cause: 'timeout',
    evidence: 'no answer in 10 s',
    remedy: 'tailscale ping 100.68.225.92',
    rungs: [],
  });

export function pushReport(nodes: NodeReport[]): PushReport {
  const good = nodes.filter((node) => node.verified).length;
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'PushReport',
    term: { clusterId: 'sc-0123456789abcdef', epoch: 7, writer: 'a1b2c3d4' },
    verified: good,
    failed: nodes.length - good,
    changed: nodes.filter((node) => node.changed).length,
    causes: Object.fromEntries(
      nodes.filter((node) => node.cause !== null).map((node) => [node.cause ?? '', 1]),
    ),
    nodes,
    held: [],
    rollout: null,
  };
}

export const status = (changes: Partial<ControllerStatus> = {}): ControllerStatus => ({
  apiVersion: 'sync-controller/v1',
  kind: 'ControllerStatus',
  version: '1.2.3',
  pid: 4711,
  daemon: true,
  standing: 'writing',
  standingReason: '',
  term: { clusterId: 'sc-0123456789abcdef', epoch: 7, writer: 'a1b2c3d4' },
  source: {
    kind: 'directory',
    location: '/srv/registry',
    state: 'fresh',
    reason: null,
    proofAgeMs: 1200,
    restarts: 0,
    stalls: 0,
  },
  queue: { due: 0, delayed: 1, active: 0 },
  held: [],
  orphans: [],
  findings: [],
  nodes: [],
  rollout: null,
  holds: [],
  windows: [],
  ownNetwork: null,
  store: null,
  drift: [],
  liveness: { nodes: 0, live: 0, waiting: 0, answer: 'No node is registered yet.' },
  ...changes,
});

/** A controller that remembers what it was asked and answers what the test says. */
export class ControllerDouble
  implements ControllerApi, NodeLifecycle, Steered, Tokened, NodeTokened, Audited, Noticed, Insightful
{
  readonly asked: { readonly what: string; readonly with: unknown }[] = [];
  reports: NodeReport[] = [verified('contabo-vps')];
  planned: PlanReport = {
    apiVersion: 'sync-controller/v1',
    kind: 'PlanReport',
    revision: 'ab12cd34ef567890',
    policy: '0011223344556677',
    release: '1.2.3',
    changes: 0,
    inSync: 0,
    unknown: 0,
    nodes: [],
    held: [],
  };
  state: ControllerStatus = status();
  held = new Set<string>();
  failure: Error | undefined;
  /** Resolves before a push settles, where a test wants to hold it. */
  gate: Promise<void> = Promise.resolve();
  removal: RemovalReport = {
    apiVersion: 'sync-controller/v1',
    kind: 'RemovalReport',
    node: 'x',
    name: 'x',
    result: 'withdrawn',
    cause: null,
    evidence: '',
    remedy: null,
    changes: [],
    hostsRemoved: [],
    undo: [],
  };
  closed = 0;

  readonly notices: Notices = {
    test: ({ target, actor }) => {
      this.note('notifyTest', { target, actor });
      return Promise.resolve({ results: this.noticeResults });
    },
  };
  noticeResults: NoticeResult[] = [
    { target: 'ops', kind: 'webhook', place: 'https://hooks.example.net', ok: true, reason: '', tookMs: 12 },
  ];

  minted: TokenReport[] = [];
  readonly tokens: TokenDesk = {
    list: () => Promise.resolve(this.minted),
    mint: ({ name, role, expires, actor }) => {
      this.note('mintToken', { name, role, actor });
      const since = '2026-01-01T00:00:00Z';
      const token = { name, role, since, by: actor.who, why: null, expires: expires ?? null, over: false };
      this.minted.push(token);
      return Promise.resolve({ secret: `sct_${'0'.repeat(64)}`, token });
    },
    revoke: ({ name, actor }) => {
      this.note('revokeToken', { name, actor });
      this.minted = this.minted.filter((one) => one.name !== name);
      return Promise.resolve();
    },
  };

  readonly nodeTokens: NodeTokenDesk = {
    mint: ({ node, now, actor }) => {
      this.note('mintNodeToken', { node, now, actor });
      const token = { node, since: '2026-01-01T00:00:00Z', by: actor.who, why: null };
      return Promise.resolve({ secret: `scn_${'0'.repeat(64)}`, token });
    },
  };

  async push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    return this.settle('push', request, onNode);
  }

  async reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport> {
    return this.settle('reconcile', actor, onNode);
  }

  async plan(request: PlanRequest): Promise<PlanReport> {
    this.note('plan', request);
    return this.planned;
  }

  async status(): Promise<ControllerStatus> {
    this.note('status', undefined);
    return this.state;
  }

  async approve(hash: string, actor: Actor): Promise<{ readonly applied: boolean }> {
    this.note('approve', { hash, actor });
    return { applied: this.held.has(hash) };
  }

  async pause(node: string | undefined, actor: Actor): Promise<void> {
    this.note('pause', { node, actor });
  }

  async resume(node: string | undefined, actor: Actor): Promise<void> {
    this.note('resume', { node, actor });
  }

  async takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }> {
    this.note('takeTerm', actor);
    return { epoch: 8, writer: 'ffff0000' };
  }

  async removeNode(request: RemovalRequest): Promise<RemovalReport> {
    this.note('removeNode', request);
    return request.dryRun ? { ...this.removal, result: 'planned', cause: null, evidence: '' } : this.removal;
  }

  async restoreNode(node: string, actor: Actor): Promise<void> {
    this.note('restoreNode', { node, actor });
  }

  async audit(limit: number): Promise<readonly AuditReport[]> {
    this.note('audit', limit);
    const entry = { at: '2026-01-01T00:00:00Z', who: 'ada', why: 'lunch', action: 'pause', detail: 'all' };
    return [entry];
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  /** What was asked, without the looks. */
  get done(): readonly string[] {
    return this.asked.map(({ what }) => what).filter((what) => what !== 'status');
  }

  readonly steering = steeringDouble((what, request) => {
    this.note(what, request);
  });

  readonly insight: Insight = insightDouble((what, request) => {
    this.note(what, request);
  });

  private async settle(
    what: string,
    request: unknown,
    onNode?: (report: NodeReport) => void,
  ): Promise<PushReport> {
    this.note(what, request);
    for (const report of this.reports) onNode?.(report);
    await this.gate;
    return pushReport(this.reports);
  }

  private note(what: string, request: unknown): void {
    this.asked.push({ what, with: request });
    if (this.failure !== undefined) throw this.failure;
  }
}

/** A refusal as the controller gives one. */
export const refusal = new SyncError(
  'conflict',
  'push: expected a controller that may write, got rival: epoch 9',
  { remedy: 'syncctl term take --reason "…"' },
);
