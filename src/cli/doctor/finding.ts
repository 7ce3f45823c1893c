/** How bad it is. `skipped` says that something could not be looked at here, and why; `hint`, that it is well and could be better. */
export type Level = 'ok' | 'warning' | 'error' | 'skipped' | 'hint';

/** One thing that was looked at. */
export interface DoctorFinding {
  readonly check: string;
  /** A node, a host name, a file: what the finding is about. */
  readonly subject: string;
  readonly level: Level;
  readonly message: string;
  /** The command or deed that mends it; null where nothing is to be done. */
  readonly remedy: string | null;
}

/** Builds the findings of one check. */
export function findingsOf(check: string): {
  readonly ok: (subject: string, message: string) => DoctorFinding;
  readonly skipped: (subject: string, message: string) => DoctorFinding;
  readonly hint: (subject: string, message: string, remedy: string) => DoctorFinding;
  readonly warning: (subject: string, message: string, remedy: string) => DoctorFinding;
  readonly error: (subject: string, message: string, remedy: string) => DoctorFinding;
} {
  const at = (level: Level, subject: string, message: string, remedy: string | null): DoctorFinding => ({
    check,
    subject,
    level,
    message,
    remedy,
  });
  return {
    ok: (subject, message) => at('ok', subject, message, null),
    skipped: (subject, message) => at('skipped', subject, message, null),
    hint: (subject, message, remedy) => at('hint', subject, message, remedy),
    warning: (subject, message, remedy) => at('warning', subject, message, remedy),
    error: (subject, message, remedy) => at('error', subject, message, remedy),
  };
}
