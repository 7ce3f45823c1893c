import type { Way } from './escapes-world.ts';

/** One attempt to do something else with the key. */
export interface Attempt {
  /** What the attempt is, as the subject of a sentence that ends in "gets nowhere". */
  readonly name: string;
  /** Shell text that root runs on the node before, such as an accident of an admin, and after. */
  readonly prepare?: string;
  readonly undo?: string;
  readonly run: (way: Way) => Promise<string>;
  /** What is seen of the refusal. */
  readonly refused: RegExp;
  /** The same succeeds with a key without restrictions, so that the refusal is one of the key. */
  readonly control?: boolean;
  /** Files that the attempt may change, because a push may. */
  readonly own?: RegExp;
}

/** The receipt of a refusal. */
export function result(name: string): RegExp {
  return new RegExp(`"result":"${name}"`, 'u');
}
