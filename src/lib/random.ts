import { randomBytes } from 'node:crypto';

/** The one source of randomness, replaceable like the clock. */
export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Lower-case hex of n random bytes. */
  hex(bytes: number): string;
}

/** The real dice. */
export const systemRandom: Random = {
  unit: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};

/** Spreads a period by ±`part` so that a fleet does not move in step. */
export function jittered(ms: number, part: number, random: Random): number {
  return Math.round(ms * (1 - part + 2 * part * random.unit()));
}
