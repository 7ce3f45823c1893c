import type { Logger } from '../lib/logger.ts';
import { installReceiver } from '../enrol/install.ts';
import type { Mend } from '../reconcile/ports.ts';
import type { Transport } from '../transport/transport.ts';

/** Installs or upgrades the receiver where our login may do that; a restricted key may not, and the class says so. */
export function mender(transport: Transport, log: Logger): Mend {
  return async (node, endpoint, kinds, signal) => {
    log.info('installing the receiver', { node: node.id });
    const installed = await installReceiver({ transport, endpoint, kinds }, signal);
    if (installed.ok) return undefined;
    return {
      ok: false,
      id: node.id,
      cause: installed.cause,
      evidence: installed.evidence,
      reachable: installed.reachable,
      facts: undefined,
    };
  };
}
