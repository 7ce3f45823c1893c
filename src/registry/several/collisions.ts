import { isDeepStrictEqual } from 'node:util';
import type { LostClaim } from '../../model/claims.ts';
import type { Finding, Snapshot } from '../../model/snapshot.ts';

interface Ranked {
  readonly name: string;
  readonly priority: number;
  readonly snapshot: Snapshot;
}

/** Decides between entries of one name in several sources, the best source first, and reports those that lose. */
export class Collisions {
  readonly #known: readonly Ranked[];
  readonly #findings: Finding[];

  constructor(known: readonly Ranked[], findings: Finding[]) {
    this.#known = known;
    this.#findings = findings;
  }

  /** Every entry once, from the best source that has it. Equal ones are one entry and nobody loses. */
  union<K extends string, V extends object>(
    place: string,
    entriesOf: (share: Ranked) => Iterable<readonly [K, V]>,
  ): ReadonlyMap<K, V> {
    const entries = new Map<K, V>();
    const owners = new Map<K, Ranked>();
    for (const share of this.#known) {
      for (const [key, value] of entriesOf(share)) {
        const owner = owners.get(key);
        if (owner === undefined) {
          owners.set(key, share);
          entries.set(key, value);
        } else if (!isDeepStrictEqual(contentOf(value), contentOf(entries.get(key)))) {
          this.#tell(share, owner, { path: `${place}/${key.replaceAll('/', '~1')}`, what: key });
        }
      }
    }
    return entries;
  }

  /** A host name that services of two sources want. Inside one source its own findings have told it. */
  lostName({ lost, holder }: LostClaim, services: Snapshot['services']): void {
    const [loser, winner] = [lost, holder].map(({ service }) =>
      this.#known.find(({ name }) => name === services.get(service)?.source),
    );
    if (loser === undefined || winner === undefined || loser === winner) return;
    const path = `service-registry/services.json/${lost.service}/subdomain`;
    this.#tell(loser, winner, { path, what: `the name ${lost.key.slice(lost.key.indexOf('/') + 1)}` });
  }

  #tell(
    loser: Ranked,
    winner: Ranked,
    { path, what }: { readonly path: string; readonly what: string },
  ): void {
    const [lost, won] = [loser, winner].map(({ name, priority }) => `${name} (priority ${String(priority)})`);
    this.#findings.push({
      severity: 'error',
      path: `${loser.name}:${path}`,
      message: `expected ${what} in one source, got it in ${won ?? ''} and ${lost ?? ''}; that of ${winner.name} counts`,
      remedy: `take it out of ${winner.name} or ${loser.name}, or change their priority in the setting sources`,
    });
  }
}

/** What decides whether two entries are the same: not whose they are, when they were written, or what is recorded of them. */
function contentOf(value: object | undefined): object {
  const own = new Set(['source', 'rank', 'updated', 'registered', 'recorded', 'row']);
  return Object.fromEntries(Object.entries(value ?? {}).filter(([field]) => !own.has(field)));
}
