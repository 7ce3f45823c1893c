import { loadNow, type Row } from './report.ts';
import type { BenchOptions, Part } from './options.ts';

const byEdits: ReadonlySet<Part> = new Set(['edits', 'edits-resident', 'loaded']);

/** What one part measured, with when and where: sections of the page may come from different runs. */
export interface Section {
  readonly part: Part;
  readonly rows: readonly Row[];
  readonly measured: readonly string[];
}

/** Notes day and load before the part begins; to be called with its rows at its end. */
export function sectionOf(
  part: Part,
  { rounds, edits }: BenchOptions,
  facts: readonly string[],
): (rows: readonly Row[]) => Section {
  const day = new Date().toISOString().slice(0, 10);
  const load = loadNow();
  const settings = `ROUNDS=${String(rounds)}${byEdits.has(part) ? ` EDITS=${String(edits)}` : ''}`;
  const start = performance.now();
  return (rows) => {
    const minutes = ((performance.now() - start) / 60_000).toFixed(1);
    return {
      part,
      rows,
      measured: [
        `${day}, \`ONLY=${part} ${settings}\`, ${minutes} minutes; load average before ${load}, after ${loadNow()}`,
        ...facts,
      ],
    };
  };
}
