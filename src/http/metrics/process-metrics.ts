import { readdirSync, readFileSync } from 'node:fs';
import { setOrOmit, setTotal, type Instruments } from './instruments.ts';

/**
 * What every Prometheus client tells of its process, read at the scrape alone. `collectDefaultMetrics` of prom-client is not used: its
 * monitor of the event loop wakes the process a hundred times a second for as long as it lives.
 */
export class ProcessMetrics {
  readonly #made: ReturnType<typeof instruments>;
  readonly #maxFds = maxFds();
  readonly #startSeconds: number;

  constructor(made: Instruments, nowMs: number) {
    this.#made = instruments(made);
    // Once: an alert counts the changes of it as starts.
    this.#startSeconds = Math.round(nowMs / 1000 - process.uptime());
  }

  fill(): void {
    const { user, system } = process.cpuUsage();
    setTotal(this.#made.cpu, (user + system) / 1e6);
    const memory = process.memoryUsage();
    this.#made.resident.set(memory.rss);
    this.#made.heapTotal.set(memory.heapTotal);
    this.#made.heapUsed.set(memory.heapUsed);
    this.#made.external.set(memory.external);
    this.#made.start.set(this.#startSeconds);
    setOrOmit(this.#made.openFds, openFds());
    setOrOmit(this.#made.maxFds, this.#maxFds);
    setTotal(this.#made.loop, performance.eventLoopUtilization().active / 1000);
  }
}

/** Without the one that counts them. */
function openFds(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function maxFds(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/mu.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

// Names and meanings that boards and rules of others expect of every process.
function instruments(made: Instruments) {
  const gauge = (name: string, help: string) => made.gauge({ name, help });
  return {
    cpu: made.counter({
      name: 'process_cpu_seconds_total',
      help: 'CPU time of the daemon, user and system.',
    }),
    resident: gauge('process_resident_memory_bytes', 'Memory of the daemon that is resident.'),
    start: gauge('process_start_time_seconds', 'Start of the daemon, in Unix time.'),
    openFds: gauge('process_open_fds', 'Open file descriptors.'),
    maxFds: gauge('process_max_fds', 'Limit of open file descriptors.'),
    heapTotal: gauge('nodejs_heap_size_total_bytes', 'Heap that the runtime has taken.'),
    heapUsed: gauge('nodejs_heap_size_used_bytes', 'Part of the heap that is in use.'),
    external: gauge('nodejs_external_memory_bytes', 'Memory outside the heap that objects hold: buffers.'),
    loop: made.counter({
      name: 'sync_controller_event_loop_active_seconds_total',
      help: 'Time in which the event loop did not wait for something to do; near 1 a second it is overloaded.',
    }),
  };
}
