import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

/** One line of the results. `figure` is a ratio wherever two things were measured beside each other. */
export interface Row {
  readonly group: string;
  readonly what: string;
  readonly figure: string;
  readonly aim: string;
  /** Whether the median meets the aim; absent where there is none. */
  readonly met?: boolean;
  readonly beside: string;
}

const heads = ['what', 'figure', 'aim', 'met', 'measured'] as const;

function cells(row: Row): readonly string[] {
  return [row.what, row.figure, row.aim, row.met === undefined ? '' : row.met ? 'yes' : 'no', row.beside];
}

/** The results for a terminal, group by group. */
export function textTable(rows: readonly Row[]): string {
  const widths = heads.map((head, index) =>
    Math.max(head.length, ...rows.map((row) => (cells(row)[index] ?? '').length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return groupsOf(rows)
    .map(([group, members]) =>
      [`\n${group}`, line(heads), ...members.map((row) => line(cells(row)))].join('\n'),
    )
    .join('\n');
}

/** The results as Markdown tables. */
export function markdownTables(rows: readonly Row[]): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return groupsOf(rows)
    .map(([group, members]) =>
      [
        `### ${group}`,
        '',
        line(heads),
        line(heads.map(() => '---')),
        ...members.map((row) => line(cells(row))),
      ].join('\n'),
    )
    .join('\n\n');
}

function groupsOf(rows: readonly Row[]): readonly (readonly [string, readonly Row[]])[] {
  return [...Map.groupBy(rows, (row) => row.group)];
}

/** What the numbers were taken on. */
export function machineFacts(ansible: string | undefined): readonly string[] {
  const [cpu] = cpus();
  return [
    `${String(cpus().length)} x ${cpu?.model.trim() ?? 'unknown CPU'}, ${(totalmem() / 1e9).toFixed(0)} GB, Linux ${release()}`,
    `Node.js ${process.versions.node}, ${firstLine('ssh', ['-V'])}, ${firstLine('bash', ['--version'])}`,
    ansible ?? 'Ansible is not installed',
  ];
}

/** The load average of this moment. */
export function loadNow(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ');
}

function firstLine(program: string, argv: readonly string[]): string {
  // ssh prints its version to stderr.
  const said = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', program, ...argv], { encoding: 'utf8' });
  return said.split('\n')[0] ?? '';
}
