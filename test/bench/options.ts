/** What a run covers; each part can be asked for alone. */
export const parts = ['cold', 'warm', 'peers', 'resident', 'daemon', 'receiver', 'start'] as const;
export type Part = (typeof parts)[number];

export interface BenchOptions {
  readonly nodes: number;
  /** Pairs per comparison; the slow peers run at most three. */
  readonly rounds: number;
  readonly only: ReadonlySet<Part>;
  /** True when nothing was left out: only then the numbers are kept in docs/benchmarks.md. */
  readonly whole: boolean;
}

const wholeNodes = 100;

/** Reads NODES, ROUNDS and ONLY (parts, joined by commas), as `make bench NODES=20 ONLY=warm` passes them. */
export function benchOptions(env: NodeJS.ProcessEnv): BenchOptions {
  const nodes = count('NODES', env['NODES'], wholeNodes);
  const rounds = count('ROUNDS', env['ROUNDS'], 9);
  const words = (env['ONLY'] ?? '').split(',').filter((word) => word !== '');
  const only = new Set(words.length === 0 ? parts : words.map(part));
  return { nodes, rounds, only, whole: only.size === parts.length && nodes === wholeNodes };
}

function count(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new Error(`bench: ${name}: expected a whole number from 1 to 1000, got ${JSON.stringify(text)}`);
}

function part(word: string): Part {
  const known = parts.find((name) => name === word);
  if (known !== undefined) return known;
  throw new Error(`bench: ONLY: expected some of ${parts.join(',')}, got ${JSON.stringify(word)}`);
}
