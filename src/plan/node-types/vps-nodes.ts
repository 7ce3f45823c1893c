import { renderRoutes } from '../render-routes.ts';
import { traefikRoutes } from '../targets/traefik-routes.ts';
import { edgeType } from './edge-type.ts';

/** A VPS publishes services through one Traefik dynamic file. */
export const vpsNodes = edgeType({ type: 'vps_nodes', target: traefikRoutes, render: renderRoutes });
