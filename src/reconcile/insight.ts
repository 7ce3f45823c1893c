import type { BlameReport, Insight, ServiceList, WhyReport } from '../contract/insight.ts';
import type { HistoryApi } from '../contract/history.ts';
import { SyncError } from '../lib/errors.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import { renderNode } from '../plan/plan-node.ts';
import { namesOf, targetOfService } from '../plan/service-names.ts';
import { blame, blameReport, type Rendering } from './blame.ts';
import type { Engine } from './engine.ts';
import { lineOwners } from './line-owners.ts';
import { pastRevisions } from './past.ts';
import { desiredDigest } from './reconciler.ts';
import { holdNow } from './status-report.ts';
import { statusReport } from './report.ts';
import { oneNode } from './selection.ts';
import type { KnownNode } from './why/judge.ts';
import { whyOf } from './why/why.ts';

/** Says why the fleet is as it is, from what is in memory and in the history. */
export class EngineInsight implements Insight {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  services(): Promise<ServiceList> {
    const snapshot = this.engine.snapshot();
    const groups = this.groups();
    const services = [...snapshot.services.values()].map((service) => {
      const { internal, public: outside } = namesOf(service, snapshot);
      const own = [...internal, ...outside];
      const meant = groups.filter(({ names }) => own.some((name) => names.has(name)));
      return {
        name: service.name,
        namespace: service.namespace ?? null,
        target: service.ip === undefined ? null : targetOfService(service),
        public: service.public,
        internal: [...internal],
        outside: [...outside],
        nodes: meant.reduce((sum, { nodes }) => sum + nodes, 0),
        current: meant.reduce((sum, { current }) => sum + current, 0),
      };
    });
    return Promise.resolve({ apiVersion: 'sync-controller/v1', kind: 'ServiceList', services });
  }

  async why(service: string): Promise<WhyReport> {
    const { fleet } = this.engine.parts;
    const snapshot = this.engine.snapshot();
    const history = this.history();
    const ground = { snapshot, plan: this.plan(), history, limits: fleet.limits };
    return whyOf({ ...ground, known: (id) => this.known(id) }, service);
  }

  async blame(word: string): Promise<BlameReport> {
    const { nodes } = this.engine.snapshot();
    const node = oneNode(word, nodes);
    const { clusterId } = this.engine.parts;
    const owners = lineOwners(this.engine.snapshot(), (snapshot) => renderNode(snapshot, node.id, clusterId));
    return blameReport(node, await blame(this.renderings(node)), owners);
  }

  private async *renderings({ id }: Node): AsyncGenerator<Rendering> {
    const { clusterId, fleet } = this.engine.parts;
    yield { revision: undefined, text: renderNode(this.engine.snapshot(), id, clusterId) };
    const past = { history: this.history(), limits: fleet.limits };
    for await (const { revision, value } of pastRevisions(past, (old) => renderNode(old, id, clusterId)))
      yield { revision, text: value };
  }

  /** Nodes with equal bytes are one group: a fleet has few, however large it is. */
  private groups(): readonly { names: ReadonlySet<string>; nodes: number; current: number }[] {
    const groups = new Map<string, { names: ReadonlySet<string>; nodes: number; current: number }>();
    for (const plan of this.plan().nodes.values()) {
      const digest = desiredDigest(plan);
      if (digest === undefined) continue;
      let group = groups.get(digest);
      if (group === undefined) {
        group = { names: new Set(plan.bundles.flatMap(({ names }) => names)), nodes: 0, current: 0 };
        groups.set(digest, group);
      }
      group.nodes += 1;
      if (this.isCurrent(plan.id, digest)) group.current += 1;
    }
    return [...groups.values()];
  }

  /** A node that waits for its batch is active with the bytes before. */
  private isCurrent(id: NodeId, digest: string): boolean {
    const { fleet, status } = this.engine.parts;
    const known = status.get(id);
    const asked = fleet.planOf(id);
    return known?.state === 'active' && !known.hint && asked !== undefined && desiredDigest(asked) === digest;
  }

  private known(id: NodeId): KnownNode | undefined {
    const node = this.engine.snapshot().nodes.get(id);
    if (node === undefined) return undefined;
    const status = this.engine.parts.status.get(id);
    const { state, cause, evidence, remedy } = statusReport(node, status, holdNow(this.engine.parts, node));
    return {
      ...{ state: status?.hint === true ? 'unknown' : state, cause, evidence, remedy },
      lastSync: status?.lastSync ?? node.recorded.lastSync ?? null,
      lastAttempt: status?.lastAttempt ?? node.recorded.lastAttempt ?? null,
    };
  }

  private plan(): FleetPlan {
    const plan = this.engine.parts.fleet.current();
    if (plan !== undefined) return plan;
    throw new SyncError('unavailable', 'services: expected a plan, got none yet', {
      remedy: 'syncctl status',
    });
  }

  private history(): HistoryApi {
    const { history } = this.engine.parts;
    if (history !== undefined) return history.reader;
    throw new SyncError('unavailable', 'history: expected one that is kept, got none', {
      remedy: 'syncctl doctor',
    });
  }
}
