import type { Share } from './rollout.ts';

/** Ansible's `serial` entry: a number of nodes, or a percentage of all. Undefined where it is neither. */
export function parseShare(entry: unknown, least = 1): Share | undefined {
  if (typeof entry === 'number' || (typeof entry === 'string' && /^\d{1,6}$/u.test(entry))) {
    const count = Number(entry);
    return Number.isInteger(count) && count >= least && count <= 100_000 ? { count } : undefined;
  }
  const percent = typeof entry === 'string' ? /^(\d{1,3}(?:\.\d{1,3})?)%$/u.exec(entry)?.[1] : undefined;
  if (percent === undefined || Number(percent) > 100) return undefined;
  return Number(percent) > 0 || least === 0 ? { percent: Number(percent) } : undefined;
}

/** The share as it is written in settings. */
export function shareText(share: Share): string {
  return 'count' in share ? String(share.count) : `${String(share.percent)}%`;
}
