import type { TracesSettings } from '../../config/traces-schema.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { HistoryRecorder } from '../../reconcile/history.ts';
import { observing } from '../../reconcile/observing.ts';
import type { RegistryState } from '../../registry/registry.ts';
import { ChangeTraces, type Heard } from './change-traces.ts';
import { openExporting, type Exporting } from './exporting.ts';

export interface TracesParts {
  readonly settings: TracesSettings & { readonly endpoint: string };
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tells a collector what became of each change. It hears what the history is told, and nobody waits for it. */
export class Traces {
  readonly #parts: TracesParts;
  readonly #exporting: Exporting;
  readonly #changes: ChangeTraces;
  #current: (() => RegistryState) | undefined;
  #usedMs = -Infinity;

  constructor(parts: TracesParts) {
    this.#parts = parts;
    this.#exporting = openExporting(parts.settings, parts.log);
    this.#changes = new ChangeTraces(this.#exporting.tracer);
  }

  /** The same recorder, with everything that it is told traced too. */
  observing<R extends HistoryRecorder>(recorder: R): R {
    const { clock, log } = this.#parts;
    return observing(recorder, {
      revision: (seen) => {
        this.#changes.revision(seen, this.#heard(), clock.now());
      },
      push: (push) => {
        this.#changes.push(push, clock.now());
      },
      onFailure: (error) => {
        log.warn('a trace misses an event', { error });
      },
    });
  }

  /** Says where to read when a change was heard of. */
  connect(current: () => RegistryState): void {
    this.#current = current;
  }

  async close(): Promise<void> {
    this.#changes.close(this.#parts.clock.now());
    await this.#exporting.close();
  }

  /** What came into force without being read anew, by an approval perhaps, begins now. */
  #heard(): Heard | undefined {
    const { heardMs, readMs } = this.#current?.() ?? {};
    if (heardMs === undefined || readMs === undefined || readMs === this.#usedMs) return undefined;
    this.#usedMs = readMs;
    return { heardMs, readMs };
  }
}
