import type { Finding } from '../model/snapshot.ts';

/** The findings of two states of the registries that are not in the other one. */
export interface FindingsApart {
  readonly gone: readonly Finding[];
  readonly added: readonly Finding[];
}

/** What is said of the registries after an edit and was not said before. A row that goes moves the ones below it: what is said of them is the same. */
export function findingsAdded(before: readonly Finding[], after: readonly Finding[]): FindingsApart {
  return apart(before, after, ({ path, message, severity }) =>
    JSON.stringify([severity, path.replaceAll(/\/\d+(?=\/|$)/gu, '/*'), message]),
  );
}

/** The same, where also another trouble at a place that had one counts as the old one: a message may name what has changed elsewhere. */
export function placesAdded(before: readonly Finding[], after: readonly Finding[]): FindingsApart {
  const { gone, added } = findingsAdded(before, after);
  return apart(gone, added, ({ path, severity }) => `${severity} ${path}`);
}

/** Each of the first excuses one of the second. */
function apart(
  before: readonly Finding[],
  after: readonly Finding[],
  keyOf: (finding: Finding) => string,
): FindingsApart {
  const left = Map.groupBy(before, keyOf);
  const added = after.filter((finding) => left.get(keyOf(finding))?.pop() === undefined);
  return { gone: [...left.values()].flat(), added };
}
