/** One of several sources as a revision was made of it. The first one of a list is home. */
export interface RevisionSource {
  readonly name: string;
  readonly priority: number;
  /** Where it was read: kind and location. */
  readonly place: string;
}

type Texts = Readonly<Record<string, string>>;

const inOne = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):(?=[^/])/u;

/** `east:service-registry/services.json`: a path in one of several sources; with one it is the path itself. */
export function pathIn(source: string | undefined, path: string): string {
  return source === undefined ? path : `${source}:${path}`;
}

/** The source that a path names, and the path in it. */
export function splitSource(path: string): { readonly source: string | undefined; readonly path: string } {
  const found = inOne.exec(path);
  return found === null
    ? { source: undefined, path }
    : { source: found[1], path: path.slice(found[0].length) };
}

/** Texts of one source under the paths that they have beside others. */
export function textsIn(source: string | undefined, texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [pathIn(source, path), text]));
}

/** The texts of one source alone, under the paths that they have there. */
export function textsFrom(source: string | undefined, texts: Texts): Texts {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([path, text]) => {
      const split = splitSource(path);
      return split.source === source ? [[split.path, text]] : [];
    }),
  );
}

/**
 * Texts as they compare with those of another time: where there was one source then and are several now, they are those of home, and the
 * reverse.
 */
export function alignedTexts(
  texts: Texts,
  had: readonly RevisionSource[] | undefined,
  has: readonly RevisionSource[] | undefined,
): Texts {
  const [then, now] = [had?.[0]?.name, has?.[0]?.name];
  if (then === undefined) return textsIn(now, texts);
  return now === undefined ? { ...textsFrom(then, texts), ...without(then, texts) } : texts;
}

function without(source: string, texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([path]) => splitSource(path).source !== source));
}
