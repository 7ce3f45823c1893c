import type { Endpoint } from './transport.ts';

/** The hosts of a way, outermost first, each with the jumps before it; the endpoint itself is the last. */
export function hopsOf(endpoint: Endpoint): readonly Endpoint[] {
  return [...endpoint.jumps.map((jump, hop) => ({ ...jump, jumps: endpoint.jumps.slice(0, hop) })), endpoint];
}
