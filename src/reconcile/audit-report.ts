import type { AuditReport } from '../contract/audit.ts';
import type { AuditEntry } from '../store/records.ts';

/** One deed as it is told. */
export function auditReport({ at, who, why, action, detail }: AuditEntry): AuditReport {
  return { at, who, why: why ?? null, action, detail: action === 'edit' ? editedPath(detail) : detail };
}

/** An edit is kept with the digest of its text, which tells a person nothing. */
function editedPath(detail: string): string {
  const [, path] = /"path":"([^"\\]+)"/u.exec(detail) ?? [];
  return path ?? detail;
}
