// Writes docs/metrics.md from the metrics that the daemon registers; with --check it only compares. Run: node test/tools/metrics-doc.ts
import { Metrics } from '../../src/http/metrics/metrics.ts';
import type { Described } from '../../src/http/metrics/instruments.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { settle, type Generated } from './generated.ts';

/** Everything that can be exposed, with every setting on. */
export const registered: readonly Described[] = new Metrics({
  clock: systemClock,
  log: silentLogger,
  perNode: true,
}).described;

const head = `# Metrics

<!-- Written by \`node test/tools/metrics-doc.ts\` from src/http/metrics/; a test fails when it differs. -->

What \`GET /metrics\` of the daemon tells Prometheus (text format 0.0.4). Base units everywhere: seconds, bytes; a time of day is Unix time. Counters begin at 0 with the
daemon, as does what is said of changes. A gauge that has nothing to tell is absent rather than 0.

- **Rules**: \`deploy/prometheus/sync-controller.rules.yml\`, every alert with the command that helps; \`promtool test rules\` runs its tests beside it.
- **Board**: \`deploy/grafana/sync-controller.json\`, to be imported into Grafana; it asks for the data source.
- **Series**: some 330 whatever the size of the fleet. No metric has a node as a label, but for the two \`sync_controller_node_…\`, which need \`metrics.perNode\`: two series
  a node, on every scrape, kept as long as Prometheus keeps data. Which node it is says \`syncctl health\`.

\`\`\`yaml
scrape_configs:
  - job_name: sync-controller
    authorization:
      credentials_file: /etc/prometheus/sync-controller.token
    static_configs:
      - targets: ['127.0.0.1:9440']
\`\`\`
`;

const groups: readonly { readonly title: string; readonly has: (name: string) => boolean }[] = [
  {
    title: 'The controller',
    has: is(/_(?:build|is_leader|standing|term|queue|ssh|holds|durable|own_network)/u),
  },
  { title: 'The registries', has: is(/_(?:source|held|orphaned|registry|revisions)/u) },
  { title: 'The fleet', has: is(/_(?:nodes|oldest|rollout|unverified)/u) },
  { title: 'Changes and pushes', has: is(/_(?:change|push|receiver)_/u) },
  { title: 'Single nodes', has: is(/_node_/u) },
];
const processTitle = 'The process';

function is(part: RegExp): (name: string) => boolean {
  const whole = new RegExp(`^sync_controller${part.source}`, 'u');
  return (name) => whole.test(name);
}

const groupOf = ({ name }: Described): string => groups.find(({ has }) => has(name))?.title ?? processTitle;

/** By the convention that the name ends in it. */
function unitOf({ name }: Described): string {
  return /_(seconds|bytes)(?:_total)?$/u.exec(name)?.[1] ?? '';
}

function table(title: string): string {
  const rows = registered
    .filter((metric) => groupOf(metric) === title)
    .map((metric) => {
      const labels = metric.labels.map(([label, values]) => `**${label}**: ${values}`).join('. ');
      return `| \`${metric.name}\` | ${metric.type} | ${unitOf(metric)} | ${metric.help} | ${labels} |`;
    });
  return [
    `## ${title}\n`,
    '| Metric | Type | Unit | Meaning | Labels |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** The generated page. */
export const metricsPage: Generated = {
  path: 'docs/metrics.md',
  content: `${[head, ...groups.map(({ title }) => table(title)), table(processTitle)].join('\n').trimEnd()}\n`,
};

if (import.meta.main) settle([metricsPage]);
