/** What a run covers, in this order; each part can be asked for alone. */
export const parts = [
  'receiver',
  'start',
  'cold',
  'warm',
  'peers',
  'resident',
  'daemon',
  'watchers',
  'big',
  'edits',
  'edits-resident',
  'growth',
  'thousand',
  'pull',
  'planning',
  'loaded',
  'writes',
] as const;
export type Part = (typeof parts)[number];

export interface BenchOptions {
  readonly nodes: number;
  /** Nodes of the parts that are about many. */
  readonly many: number;
  /** Pairs per comparison; what is slow runs at most three. */
  readonly rounds: number;
  /** Edits whose way to every node is measured one by one. */
  readonly edits: number;
  readonly only: ReadonlySet<Part>;
  /** True where the measured parts take the place of their sections in docs/benchmarks.md. */
  readonly keep: boolean;
}

/** Sizes at which results are worth keeping. */
const full = { nodes: 100, many: 1_000 };

/**
 * Reads NODES, ROUNDS, EDITS, ONLY (parts, joined by commas) and KEEP, as `make bench NODES=20 ONLY=warm` passes them.
 * NODES counts for every part, so that each can be tried small; then nothing is kept.
 */
export function benchOptions(env: NodeJS.ProcessEnv): BenchOptions {
  const nodes = count('NODES', env['NODES'], full.nodes);
  const many = count('NODES', env['NODES'], full.many);
  const rounds = count('ROUNDS', env['ROUNDS'], 5);
  const edits = count('EDITS', env['EDITS'], 60);
  const words = (env['ONLY'] ?? '').split(',').filter((word) => word !== '');
  const only = new Set(words.length === 0 ? parts : words.map(part));
  const asked = flag('KEEP', env['KEEP']);
  const isFull = nodes === full.nodes && many === full.many;
  if (asked && !isFull)
    throw new Error(
      'bench: KEEP=1: expected no NODES beside it, since only results of the full sizes are kept',
    );
  return { nodes, many, rounds, edits, only, keep: asked || (words.length === 0 && isFull) };
}

function flag(name: string, text: string | undefined): boolean {
  if (text === undefined || text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new Error(`bench: ${name}: expected 0 or 1, got ${JSON.stringify(text)}`);
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
