import type { DoctorReport } from '../../contract/doctor.ts';
import type { DoctorFinding, Level } from './finding.ts';

/** The findings with their sums. */
export function doctorReport(findings: readonly DoctorFinding[]): DoctorReport {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'DoctorReport',
    errors: count('error'),
    warnings: count('warning'),
    findings: [...findings],
  };
}
