import { tmpdir } from 'node:os';
import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { assertSafe } from './address.ts';
import { Deadline } from './deadline.ts';
import { onNewConnection } from './fresh.ts';
import { Logins } from './logins.ts';
import { OpensshPool } from './openssh-pool.ts';
import { runExchange } from './openssh-run.ts';
import { scanHostKeys } from './scan.ts';
import { defaultTransportSettings } from './settings.ts';
import type { TransportSettings } from './settings.ts';
import { Ssh2Pool } from './ssh2-pool.ts';
import type { Transport } from './transport.ts';

export interface OpensshTransportOptions {
  readonly settings?: Partial<TransportSettings>;
  readonly clock?: Clock;
  /** Also read the machine's ssh_config. */
  readonly useSshConfig?: boolean;
  /** Where the private folder of sockets is made; its path must stay short. Default: the system's temp folder. */
  readonly directory?: string;
  /** As with ssh2. */
  readonly logins?: Logins;
}

/** The way through the `ssh` program: certificates, FIDO keys and ProxyCommand come with it. */
export function createOpensshTransport(options: OpensshTransportOptions = {}): Transport {
  const settings = { ...defaultTransportSettings, ...options.settings };
  const clock = options.clock ?? systemClock;
  const { useSshConfig = false, directory = tmpdir() } = options;
  const logins = options.logins ?? new Logins(settings, clock);
  const pool = new OpensshPool({ settings, clock, useSshConfig, directory, logins });
  // Host keys are asked for without a login, which the ssh program does not offer.
  const scanPool = new Ssh2Pool({ settings, clock, logins });
  return {
    exchange: async (endpoint, exchange, signal) => {
      signal.throwIfAborted();
      if (exchange.fresh === true)
        return await onNewConnection(
          createOpensshTransport({ ...options, logins }),
          { endpoint, exchange },
          signal,
        );
      assertSafe(endpoint);
      using deadline = new Deadline(exchange.deadlineMs, signal);
      const endMs = clock.monotonic() + exchange.deadlineMs;
      return await runExchange({
        ...{ pool, logins, settings, clock, endpoint, exchange, deadline },
        leftMs: () => endMs - clock.monotonic(),
      });
    },
    isWarm: (endpoint) => pool.isWarm(endpoint),
    scan: (target, deadlineMs) =>
      scanHostKeys(target, (to, signal) => scanPool.route(to, signal), deadlineMs),
    close: async () => {
      await Promise.all([pool.close(), scanPool.close()]);
    },
  };
}
