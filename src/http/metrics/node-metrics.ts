import type { ControllerStatus } from '../../contract/report.ts';
import type { Instruments } from './instruments.ts';

/** Two lines a node, for those who ask for them: a thousand nodes are two thousand series on every scrape. */
export class NodeMetrics {
  readonly #active: ReturnType<typeof gauges>['active'];
  readonly #verified: ReturnType<typeof gauges>['verified'];

  constructor(made: Instruments) {
    ({ active: this.#active, verified: this.#verified } = gauges(made));
  }

  fill({ nodes }: ControllerStatus): void {
    // A node that is gone takes its lines with it.
    this.#active.reset();
    this.#verified.reset();
    for (const { node, name, type, state, lastSync } of nodes) {
      this.#active.set({ node, name, type }, state === 'active' ? 1 : 0);
      const verified = lastSync === null ? NaN : Date.parse(lastSync) / 1000;
      if (!Number.isNaN(verified)) this.#verified.set({ node, name, type }, verified);
    }
  }
}

const nodeLabels = [
  ['node', 'identity: `<type>@<address>`'],
  ['name', 'name in the registry'],
  ['type', 'node type'],
] as const;

// State and cause are no labels here: each change of them would be a new series.
function gauges(made: Instruments) {
  return {
    active: made.gauge({
      name: 'sync_controller_node_active',
      help: '1 for a node that is active, else 0. Only with metrics.perNode.',
      labels: nodeLabels,
    }),
    verified: made.gauge({
      name: 'sync_controller_node_last_verified_timestamp_seconds',
      help: 'When the node was last verified, in Unix time; absent where it never was. Only with metrics.perNode.',
      labels: nodeLabels,
    }),
  };
}
