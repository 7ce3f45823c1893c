import type { RevisionDetail } from '../../contract/history.ts';

export interface DiffLine {
  readonly sign: '+' | '-' | ' ' | '@';
  readonly text: string;
}

/** One difference of the registries as lines: what it was, and what it is. */
export function changeLines({ before, after }: RevisionDetail['changes'][number]): readonly DiffLine[] {
  return [...signed('-', before), ...signed('+', after)];
}

function signed(sign: '+' | '-', value: unknown): readonly DiffLine[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return text.split('\n').map((line) => ({ sign, text: line }));
}

/** A unified diff as lines. */
export function diffLines(diff: string): readonly DiffLine[] {
  return diff
    .replace(/\n$/u, '')
    .split('\n')
    .filter((line) => !/^(?:Index: |={3,}|---|\+\+\+|\\ No newline)/u.test(line))
    .map((line) => {
      const [sign = ' '] = line;
      if (sign === '+' || sign === '-' || sign === ' ') return { sign, text: line.slice(1) };
      return { sign: '@', text: line };
    });
}
