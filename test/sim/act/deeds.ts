import { clusterDeeds } from './cluster.ts';
import { controllerDeeds } from './controller.ts';
import type { Deed } from './deed.ts';
import { nodeDeeds } from './node.ts';
import { registryDeeds } from './registry.ts';
import { steeringDeeds } from './steering.ts';

/** Everything that can happen, by the name a script calls it. */
export const deeds: Readonly<Record<string, Deed>> = {
  ...registryDeeds,
  ...clusterDeeds,
  ...controllerDeeds,
  ...nodeDeeds,
  ...steeringDeeds,
};
