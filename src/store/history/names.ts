/** One revision's two names. */
export interface RevisionName {
  readonly number: number;
  readonly digest: string;
}

/** Which number a snapshot's digest was filed under, and back. A content that came back has several; the newest counts. */
export class RevisionNames {
  private names: readonly RevisionName[] = [];
  private readonly byDigest = new Map<string, number>();

  /** Takes over what the file says, oldest first. */
  load(names: readonly RevisionName[]): void {
    this.names = names;
    this.byDigest.clear();
    for (const { number, digest } of names) this.byDigest.set(digest, number);
  }

  add(name: RevisionName): void {
    if (this.names.at(-1)?.number === name.number) return;
    this.load([...this.names, name]);
  }

  newest(): RevisionName | undefined {
    return this.names.at(-1);
  }

  numberOf(digest: string): number | undefined {
    return this.byDigest.get(digest);
  }

  /** The digest that a word names: `R12`, `12`, the beginning of a digest, `latest`, `previous`; undefined where none or several. */
  digestOf(word: string): string | undefined {
    if (word === 'latest') return this.names.at(-1)?.digest;
    if (word === 'previous') return this.names.at(-2)?.digest;
    const digits = /^R?(\d{1,12})$/iu.exec(word)?.[1];
    const named = this.names.find(({ number }) => number === Number(digits));
    if (named !== undefined) return named.digest;
    if (!/^[0-9a-f]{6,64}$/u.test(word)) return undefined;
    const found = [...this.byDigest.keys()].filter((digest) => digest.startsWith(word));
    return found.length === 1 ? found[0] : undefined;
  }
}
