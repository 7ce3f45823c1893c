import { pathIn, splitSource } from '../../model/registry-shares.ts';
import { contentDigest, splitPath, type RegistryTexts } from '../../model/registry-texts.ts';
import type { EditNote, EditRow, ObjectRow } from './records.ts';

/** Who wrote one text of a revision, as far as anybody knows. `content` tells the text apart. */
export interface Author {
  readonly content: string;
  readonly who: string | null;
  readonly why: string | null;
}

/** Authors by the path of the text. */
export type Authors = Readonly<Record<string, Author>>;

/** Who wrote the texts that changed: by a note of the writer, else by what the API server noted of the key. */
export function authorsOf(
  paths: readonly string[],
  revision: {
    readonly texts: RegistryTexts;
    readonly objects: readonly ObjectRow[];
    readonly edits: readonly EditNote[];
  },
): Authors {
  return Object.fromEntries(
    paths.map((path): readonly [string, Author] => {
      const content = contentDigest(path, revision.texts[path] ?? '');
      const note = revision.edits.find((edit) => edit.path === path && edit.content === content);
      if (note !== undefined) return [path, { content, who: note.who, why: note.why }];
      const { object, key } = splitPath(path);
      const manager = revision.objects.find(({ name, source }) => pathIn(source, name) === object)?.editors[
        key
      ];
      return [path, { content, who: manager ?? null, why: null }];
    }),
  );
}

/** The same after a note came late. */
export function withNote(authors: Authors, { path, content, who, why }: EditNote): Authors {
  return authors[path]?.content === content ? { ...authors, [path]: { content, who, why } } : authors;
}

/** All authors in one word, and all their reasons. */
export function joined(authors: Authors): { readonly who: string | null; readonly why: string | null } {
  const all = Object.values(authors);
  const line = (values: readonly (string | null)[], gap: string): string | null => {
    const known = [...new Set(values.filter((value) => value !== null && value !== ''))];
    return known.length === 0 ? null : known.join(gap);
  };
  return {
    who: line(
      all.map(({ who }) => who),
      ', ',
    ),
    why: line(
      all.map(({ why }) => why),
      '; ',
    ),
  };
}

/** The texts that a revision changed, with their authors; approvals have changed none. */
export function editsOf(authors: Authors): readonly EditRow[] {
  return Object.entries(authors)
    .filter(([path]) => path.includes('/'))
    .map(([path, { who, why }]) => ({ path, who, why }));
}

/** The sources whose texts a revision changed. */
export function editedSources(authors: Authors): string[] {
  return [...new Set(editsOf(authors).flatMap(({ path }) => splitSource(path).source ?? []))];
}
