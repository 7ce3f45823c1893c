import type { Mutant } from './mutant.ts';
import { nodeMutants } from './nodes.ts';
import { pushMutants } from './pushing.ts';
import { registryMutants } from './registries.ts';
import { steeringMutants } from './steering.ts';
import { termMutants } from './terms.ts';

/** Every deliberate defect. Each must be caught within `seedsAllowed` seeds, or the simulator proves nothing. */
export const mutants: readonly Mutant[] = [
  ...nodeMutants,
  ...registryMutants,
  ...termMutants,
  ...pushMutants,
  ...steeringMutants,
];

export const seedsAllowed = 200;
