// A fleet with something of everything, behind a double: for pictures, and for states that a real fleet shows only for a moment.
import type { HistoryApi } from '../../src/contract/history.ts';
import type { ControllerStatus, PlanReport } from '../../src/contract/report.ts';
import manifest from '../../package.json' with { type: 'json' };
import { ControllerDouble, offline, status, verified } from '../cli/controller-double.ts';
import { rolloutOf } from '../cli/steering-double.ts';
import { ago, fleet } from './showcase-fleet.ts';
import { insight, reader } from './showcase-past.ts';
import { troubled } from './troubled.ts';

export { fleet, hetzner, manyNodes, waitingFleet } from './showcase-fleet.ts';

export const diff = `--- on the node
+++ planned
@@ -8,6 +8,11 @@
     demo:
       rule: Host(\`demo.example.org\`)
       service: demo
+    wiki:
+      rule: Host(\`wiki.example.org\`)
+      service: wiki
+      entryPoints:
+        - websecure
   services:
     demo:
       loadBalancer:
-        servers: [{ url: http://100.76.150.207:80 }]
+        servers: [{ url: http://100.76.150.207:8080 }]
`;

export const held = [
  {
    hash: '7f3a90c2d15e',
    reason: '6 of 9 services would go',
    names: ['blog', 'shop', 'chat', 'mail', 'cloud', 'media'],
  },
];

const planned: PlanReport = {
  ...{
    apiVersion: 'sync-controller/v1',
    kind: 'PlanReport',
    revision: 'ab12cd34ef567890',
    policy: '0011223344556677',
    release: '1.2.3',
    changes: 3,
    inSync: 8,
    unknown: 1,
    held,
  },
  nodes: fleet.map(({ node, name, type }) => ({
    ...{ node, name, wanted: 'b', observed: 'a', waits: null, turn: null },
    ...(type === 'vps_nodes'
      ? { state: 'changes' as const, reason: null, diff }
      : name === 'vinay-laptop'
        ? { state: 'unknown' as const, reason: 'timeout: no answer in 10 s', diff: '' }
        : { state: 'in-sync' as const, reason: null, diff: '' }),
  })),
};

export const runningRollout = rolloutOf({
  ...{
    number: 12,
    phase: 'running',
    began: ago(2),
    since: ago(2),
    waiting: 'soak',
    waitingFor: [],
    released: 2,
    who: 'ada',
  },
  batches: [
    { nodes: 1, verified: 1, failed: 0, unreachable: 0, held: 0 },
    { nodes: 3, verified: 2, failed: 0, unreachable: 1, held: 0 },
    { nodes: 8, verified: 0, failed: 0, unreachable: 0, held: 0 },
  ],
  policy: [
    {
      nodes: 'others',
      batches: ['1', '25%', '100%'],
      canaries: ['worker-01'],
      maxFailed: '1',
      maxUnreachable: '25%',
      soakMs: 60_000,
    },
  ],
});
/** A controller with twelve nodes, a history, services and a plan. */
export class Showcase extends ControllerDouble {
  override state = status({
    version: manifest.version,
    nodes: [...fleet],
    term: { clusterId: 'sc-0123456789abcdef', epoch: 7, writer: 'a1b2c3d4' },
  });
  override planned = planned;
  /** Why nothing can be read of history and services from now on. */
  trouble: Error | undefined;
  override insight = troubled(insight, () => this.trouble);
  readonly history: { reader: HistoryApi; noteEdits: () => Promise<void> } = {
    reader: troubled(reader, () => this.trouble),
    noteEdits: () => Promise.resolve(),
  };
  override reports = [verified('contabo-vps'), offline('vinay-laptop')];

  /** Shows another state from the next look on. */
  show(changes: Partial<ControllerStatus>): void {
    this.state = { ...this.state, ...changes };
  }
}
