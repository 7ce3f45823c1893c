import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { hostname } from 'node:os';
import type { TracesSettings } from '../../config/traces-schema.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { version } from '../../lib/version.ts';
import { readSecret } from '../../notify/secret-file.ts';

const gatherMs = 1_000;
const batchSpans = 512;
// A stop has ten seconds in all, and those of the nodes come first.
const closeMs = 1_000;

/** The way to the collector. */
export interface Exporting {
  readonly tracer: Tracer;
  /** Sends what waits, for a moment. */
  close(): Promise<void>;
}

/**
 * Spans gather in a queue with an end, and go to the collector behind everybody's back; what does not fit or cannot be delivered is dropped. That the
 * collector cannot be reached is one line of the log, until it can again.
 */
export function openExporting(
  settings: TracesSettings & { readonly endpoint: string },
  log: Logger,
): Exporting {
  const { endpoint: url, timeoutMs, queue } = settings;
  const headers = (): Promise<Record<string, string>> => headersOf(settings.tokenFile, log);
  const sending = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs, headers, keepAlive: false });
  const processor = new BatchSpanProcessor({
    exporter: telling(sending, new URL(url).origin, log),
    maxQueueSize: queue,
    maxExportBatchSize: Math.min(batchSpans, queue),
    scheduledDelayMillis: gatherMs,
    exportTimeoutMillis: timeoutMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'sync-controller',
      'service.version': version,
      'host.name': hostname(),
    }),
    spanProcessors: [processor],
  });
  return {
    tracer: provider.getTracer('sync-controller', version),
    close: async () => {
      await provider.forceFlush({ timeoutMillis: closeMs }).catch(() => undefined);
      // It would wait for a collector that hangs; the process ends without it.
      void provider.shutdown().catch(() => undefined);
    },
  };
}

/** The same exporter, whose failures are told once. */
function telling(exporter: OTLPTraceExporter, place: string, log: Logger): SpanExporter {
  let failing = false;
  return {
    export: (spans, onResult) => {
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error !== undefined && !failing)
          log.warn('the collector of traces does not take them; they are dropped', {
            place,
            reason: messageOf(error),
          });
        else if (error === undefined && failing) log.info('the collector takes traces again', { place });
        failing = error !== undefined;
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}

/** Read for each delivery, so that a new token needs no restart; without it the collector says itself what it thinks. */
async function headersOf(tokenFile: string | undefined, log: Logger): Promise<Record<string, string>> {
  if (tokenFile === undefined) return {};
  try {
    return { authorization: `Bearer ${await readSecret(tokenFile)}` };
  } catch (error) {
    log.debug('traces go without their token', { reason: messageOf(error) });
    return {};
  }
}
