import { pathIn } from '../../model/registry-shares.ts';
import type { Finding, RawObject } from '../../model/snapshot.ts';
import { judgeEdit, type Edit, type Judgement } from '../judge-edit.ts';
import type { ShareNow } from '../registry.ts';
import { mergeShares } from './merge.ts';

/**
 * Judges an edit of one of several sources, in the words of `validate`. What is wrong in it speaks against it; a name that it loses to
 * another source is a warning, because a service moves from one to the other by two edits. Pure.
 */
export function judgeShareEdit(edit: Edit, shares: readonly ShareNow[], name: string): Judgement {
  const share = shares.find((one) => one.name === name);
  if (share === undefined) return { errors: [], warnings: [], matters: false };
  const objects = share.kept ?? new Map();
  const judged = judgeEdit(edit, { parse: share.parse, objects, lastGood: share.snapshot });
  const [errors, warnings] = [judged.errors, judged.warnings].map((findings) => named(share, findings));
  const known = new Set(lostIn(edit.before, shares, share).map(({ message }) => message));
  const lost = lostIn(edit.after, shares, share).filter(({ message }) => !known.has(message));
  return {
    errors: errors ?? [],
    warnings: [...(warnings ?? []), ...lost.map((one): Finding => ({ ...one, severity: 'warning' }))],
    matters: judged.matters,
  };
}

/** What a source loses to others where one of its objects is as it is given. */
function lostIn(
  object: RawObject | undefined,
  shares: readonly ShareNow[],
  share: ShareNow,
): readonly Finding[] {
  const objects = new Map(share.kept);
  if (object !== undefined) objects.set(object.name, object);
  const snapshot = share.parse(objects, share.snapshot);
  const all = shares.map((one) => (one === share ? { ...one, snapshot } : one));
  const merged = mergeShares(all, shares[0]?.name ?? '', undefined);
  const own = new Set(named(share, snapshot.findings).map(sentence));
  const start = pathIn(share.name, '');
  return (merged?.findings ?? []).filter((one) => one.path.startsWith(start) && !own.has(sentence(one)));
}

function named({ name }: ShareNow, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({ ...finding, path: pathIn(name, finding.path) }));
}

function sentence({ path, message }: Finding): string {
  return `${path} ${message}`;
}
