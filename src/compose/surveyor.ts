import type { Settings } from '../config/settings.ts';
import { isoSeconds, systemClock } from '../lib/clock.ts';
import { knownKeys } from '../enrol/trust.ts';
import { surveyNode, type Surveyed } from '../enrol/takeover/survey.ts';
import type { Node } from '../model/node.ts';
import type { EndpointOf } from '../reconcile/ports.ts';
import type { Transport } from '../transport/transport.ts';
import { accountOfProcess, knownHostsFiles } from './way.ts';

/** Where the predecessor, which ran as root, kept the host keys it took unseen. */
export const predecessorKnownHosts = '/root/.ssh/known_hosts';

/** Looks at nodes. One without pins is known by this machine's known_hosts files: pinning it would be a write. */
export function surveyorOf(
  settings: Settings,
  { transport, endpointOf }: { readonly transport: Transport; readonly endpointOf: EndpointOf },
): (node: Node, signal: AbortSignal) => Promise<Surveyed> {
  const own = knownHostsFiles(settings, accountOfProcess());
  const legacy = [predecessorKnownHosts].filter((file) => !own.includes(file));
  return async (node, signal) => {
    const endpoint = await endpointOf(node);
    const host = { address: node.address, port: endpoint.port };
    const pins =
      endpoint.pins.length > 0
        ? endpoint.pins
        : (await knownKeys(host, { own, legacy }, signal)).keys.map(({ key, source }) => ({
            ...{ key, source },
            added: isoSeconds(systemClock.now()),
          }));
    const deadlineMs = settings.push.deadlineMs;
    return surveyNode({ transport, endpoint: { ...endpoint, pins }, deadlineMs }, node, signal);
  };
}
