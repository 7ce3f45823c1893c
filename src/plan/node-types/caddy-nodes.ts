import { renderCaddy } from '../render-caddy.ts';
import { caddyRoutes } from '../targets/caddy-routes.ts';
import { edgeType } from './edge-type.ts';

/** A Caddy edge publishes the same services as a VPS with Traefik does, through one file that its Caddyfile imports. */
export const caddyNodes = edgeType({
  type: 'caddy_nodes',
  target: caddyRoutes,
  render: (entries, { clusterId }) => renderCaddy(entries, clusterId),
});
