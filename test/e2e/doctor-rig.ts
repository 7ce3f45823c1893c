// What `syncctl doctor` says of real parts, and the commands it prints, run as a person would.
import type { DoctorFinding } from '../../src/cli/doctor/finding.ts';
import type { Ran, Rig } from './rig.ts';

export type { DoctorFinding } from '../../src/cli/doctor/finding.ts';

export interface Looked {
  readonly code: number | null;
  /** Errors and warnings: what a person is asked to mend. */
  readonly problems: readonly DoctorFinding[];
}

/** Runs `syncctl doctor` on a node, or on everything. */
export async function doctor(
  rig: Rig,
  words: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Looked> {
  const { code, stdout } = await rig.syncctl(['doctor', ...words, '-o', 'json'], { env });
  const { findings } = JSON.parse(stdout) as { findings: readonly DoctorFinding[] };
  return { code, problems: findings.filter(({ level }) => level === 'error' || level === 'warning') };
}

/** The command of a remedy: what follows "on the node:", up to the first remark. */
export function commandOf({ remedy }: DoctorFinding): string {
  const [command = ''] = (remedy ?? '').replace(/^[^:;]*: (?=\S)/u, '').split(/; | \(|, with the line: /u);
  return command;
}

/** Runs a remedy that is a command line of ours; `--yes` stands for the admin who reads and agrees. */
export function mend(rig: Rig, finding: DoctorFinding): Promise<Ran> {
  const words = (finding.remedy ?? '').split(/; | \(/u)[0]?.split(' ') ?? [];
  if (words[0] !== 'syncctl') throw new Error(`no command line of ours: ${String(finding.remedy)}`);
  return rig.syncctl([...words.slice(1), ...(/^(?:node|upgrade)$/u.test(words[1] ?? '') ? ['--yes'] : [])]);
}

/** What was found, as one line each. */
export function told(problems: readonly DoctorFinding[]): readonly string[] {
  return problems.map(({ check, level, message }) => `${check} ${level}: ${message}`);
}
