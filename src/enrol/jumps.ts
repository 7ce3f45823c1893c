import { isoSeconds } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import type { EndpointSettings, Jump } from '../transport/endpoint.ts';
import { keysFromKnownHosts } from './known-hosts.ts';

/** Pins the hosts on the way from the admin's known_hosts files: they are in no registry, and are never trusted on first use either. */
export async function pinJumps(
  jumps: readonly Jump[],
  files: readonly string[],
  clock: Clock,
): Promise<EndpointSettings['jumps']> {
  const added = isoSeconds(clock.now());
  return await Promise.all(
    jumps.map(async (jump) => {
      const known = await keysFromKnownHosts({ address: jump.host, port: jump.port }, files);
      return { ...jump, pins: known.keys.map((key) => ({ key, source: 'known_hosts' as const, added })) };
    }),
  );
}
