import type { Finding } from '../model/snapshot.ts';
import type { Logger } from '../lib/logger.ts';

// A registry that is wrong from end to end must not fill the journal: the rest is in `syncctl validate`.
const limit = 10;

/** Tells each finding of the registries when it comes up, and that all are mended; what stays as it was is no news. */
export function findingsTeller(log: Logger): (findings: readonly Finding[]) => void {
  let told: ReadonlySet<string> = new Set();
  return (findings) => {
    const present = new Map(findings.map((finding) => [`${finding.path} ${finding.message}`, finding]));
    const fresh = [...present].filter(([key]) => !told.has(key)).map(([, finding]) => finding);
    for (const { severity, path, message, remedy } of fresh.slice(0, limit))
      log[severity === 'error' ? 'error' : 'warn'](`${path}: ${message}`, { remedy });
    if (fresh.length > limit)
      log.warn('the registries have more findings', {
        more: fresh.length - limit,
        remedy: 'syncctl validate',
      });
    if (told.size > 0 && present.size === 0) log.success('the registries are valid again');
    told = new Set(present.keys());
  };
}
