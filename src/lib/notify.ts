import { execProgram } from './exec.ts';
import { messageOf } from './errors.ts';
import { evidenceOf } from './text.ts';

/** What systemd is told about this process. Every call resolves; a failure to tell never stops the work. */
export interface ServiceNotifier {
  /** Half of WatchdogSec in milliseconds; undefined where systemd does not watch. */
  readonly watchdogMs: number | undefined;
  ready(status: string): Promise<void>;
  status(text: string): Promise<void>;
  /** Call it only after a health check that really passed. */
  watchdog(): Promise<void>;
  reloading(): Promise<void>;
  stopping(status: string): Promise<void>;
}

export interface NotifierOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly warn: (message: string) => void;
}

// systemd-notify takes 10 ms; a manager that does not answer must not hold up the daemon.
const deadlineMs = 5_000;

/**
 * Talks to systemd through its own `systemd-notify`, because Node has no unix datagram sockets.
 * The helper is another process: the unit needs `NotifyAccess=all`. Outside of systemd every call does nothing.
 */
export function serviceNotifier(options: NotifierOptions): ServiceNotifier {
  const { env, warn } = options;
  const socket = env['NOTIFY_SOCKET'];
  const tell = async (...assignments: string[]): Promise<void> => {
    if (socket === undefined || socket === '') return;
    try {
      const { code, stderr } = await execProgram('systemd-notify', assignments, {
        deadlineMs,
        env,
        maxOutputBytes: 4096,
      });
      if (code !== 0)
        warn(`systemd-notify ended with ${String(code)}: ${evidenceOf(stderr.toString('utf8'))}`);
    } catch (error) {
      warn(messageOf(error));
    }
  };
  const statusOf = (text: string): string => `STATUS=${evidenceOf(text)}`;
  return {
    watchdogMs: watchdogMs(options),
    ready: (status) => tell('READY=1', statusOf(status)),
    status: (text) => tell(statusOf(text)),
    watchdog: () => tell('WATCHDOG=1'),
    // Type=notify-reload compares this time with its own; Node's high-resolution clock is the same CLOCK_MONOTONIC.
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${String(process.hrtime.bigint() / 1000n)}`),
    stopping: (status) => tell('STOPPING=1', statusOf(status)),
  };
}

/** systemd's advice is to report twice per period; WATCHDOG_PID says for which process the period is meant. */
function watchdogMs({ env, pid }: NotifierOptions): number | undefined {
  const usec = Number(env['WATCHDOG_USEC'] ?? '');
  const meant = env['WATCHDOG_PID'];
  if (!Number.isSafeInteger(usec) || usec <= 0) return undefined;
  return meant === undefined || meant === String(pid) ? Math.max(1, Math.floor(usec / 2000)) : undefined;
}
