import type { ControllerStatus } from '../../contract/report.ts';
import { SyncError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { NodeId } from '../../model/node.ts';
import type { HistoryRecorder } from '../../reconcile/history.ts';
import { observing } from '../../reconcile/observing.ts';
import { Instruments, type Described } from './instruments.ts';
import { NodeMetrics } from './node-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { PushMetrics } from './push-metrics.ts';
import { StatusMetrics } from './status-metrics.ts';

/** What a scrape asks of the controller. */
export interface MetricsPorts {
  status(): Promise<ControllerStatus>;
  /** SSH sessions that live; undefined where the transport keeps none. */
  sessions(): number | undefined;
  /** Whether a node keeps the last good plan for now, because the rollout has not come to it. */
  isHeldBack(node: NodeId): boolean;
}

export interface MetricsSettings {
  readonly clock: Clock;
  readonly log: Logger;
  /** Two series a node beside the sums. */
  readonly perNode: boolean;
}

/** One answer to Prometheus. */
export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

/** Everything that Prometheus can learn of the daemon. It is made before the controller, whose history it observes. */
export class Metrics {
  readonly #made = new Instruments();
  readonly #settings: MetricsSettings;
  readonly #pushes: PushMetrics;
  readonly #status: StatusMetrics;
  readonly #nodes: NodeMetrics | undefined;
  readonly #process: ProcessMetrics;
  #ports: MetricsPorts | undefined;
  #underway: Promise<Scrape> | undefined;

  constructor(settings: MetricsSettings) {
    this.#settings = settings;
    this.#status = new StatusMetrics(this.#made);
    this.#pushes = new PushMetrics(this.#made, settings.clock);
    this.#nodes = settings.perNode ? new NodeMetrics(this.#made) : undefined;
    this.#process = new ProcessMetrics(this.#made, settings.clock.now());
  }

  /** What can be exposed, for the documentation. */
  get described(): readonly Described[] {
    return this.#made.described;
  }

  /** The same recorder, with everything that it is told counted too. */
  observing<R extends HistoryRecorder>(recorder: R): R {
    // The history writes identities as plain words.
    const isHeldBack = (node: string): boolean => this.#ports?.isHeldBack(node as NodeId) ?? false;
    return observing(recorder, {
      revision: (seen) => {
        this.#pushes.revision(seen, isHeldBack);
      },
      push: (push) => {
        this.#pushes.push(push, isHeldBack);
      },
      onFailure: (error) => {
        this.#settings.log.warn('the metrics miss an event', { error });
      },
    });
  }

  /** Says where a scrape reads; until then there is none. */
  connect(ports: MetricsPorts): void {
    this.#ports = ports;
  }

  /**
   * All metrics in the text format of Prometheus. Who asks while an answer is being made gets the same one.
   * @throws SyncError `unavailable` before the controller is there.
   */
  metricsText(): Promise<Scrape> {
    this.#underway ??= this.#scrape().finally(() => {
      this.#underway = undefined;
    });
    return this.#underway;
  }

  async #scrape(): Promise<Scrape> {
    const ports = this.#ports;
    if (ports === undefined)
      throw new SyncError('unavailable', 'metrics: expected a controller that has started, got none yet');
    const status = await ports.status();
    // In one turn: an answer never mixes two moments.
    this.#status.fill(status, ports.sessions());
    this.#pushes.fill();
    this.#nodes?.fill(status);
    this.#process.fill();
    const { registry } = this.#made;
    return { contentType: registry.contentType, body: await registry.metrics() };
  }
}
