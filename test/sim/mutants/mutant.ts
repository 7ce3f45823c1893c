import type { Defect } from '../boot/hooks.ts';

/** A deliberate defect of the product or of a node, which the simulator must notice. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Defect[];
}

/** A mutant of one edit. */
export function one(name: string, file: string, search: string, replace: string): Mutant {
  return { name, edits: [{ file, search, replace }] };
}
