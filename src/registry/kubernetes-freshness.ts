import type { Finding, RawObject, RegistryObject } from '../model/snapshot.ts';

export interface Judged {
  readonly object: RawObject;
  readonly finding: Finding | undefined;
}

/**
 * Keeps a reader from going back in time. A server that lags, or a store restored from a backup, shows a lower version
 * of an object we have seen: it is ignored until it has been lower without a break for long enough to be the truth.
 */
export class Freshness {
  readonly #acceptMs: number;
  readonly #newest = new Map<RegistryObject, RawObject>();
  readonly #lowerSince = new Map<RegistryObject, number>();

  constructor(acceptMs: number) {
    this.#acceptMs = acceptMs;
  }

  /** What was the newest before this process began; what was seen since counts more. */
  recall(objects: readonly RawObject[]): void {
    for (const object of objects) if (!this.#newest.has(object.name)) this.#newest.set(object.name, object);
  }

  /** What to take for the object at this monotonic moment: itself, or the newer one known before. */
  judge(object: RawObject, nowMs: number): Judged {
    const { name } = object;
    const known = this.#newest.get(name);
    if (known !== undefined && isLower(object, known)) {
      const since = this.#lowerSince.get(name) ?? nowMs;
      this.#lowerSince.set(name, since);
      if (nowMs - since < this.#acceptMs) return { object: known, finding: staleFinding(object, known) };
    }
    this.#lowerSince.delete(name);
    this.#newest.set(name, object);
    return { object, finding: undefined };
  }

  /** True while an older version is being ignored: the source has to be looked at again without a change. */
  isHolding(name: RegistryObject): boolean {
    return this.#lowerSince.has(name);
  }
}

function isLower(a: RawObject, b: RawObject): boolean {
  if (a.uid !== b.uid) return false;
  const [x, y] = [a.resourceVersion, b.resourceVersion];
  // Versions are numbers of equal meaning only where both look like one.
  return /^\d{1,30}$/u.test(x) && /^\d{1,30}$/u.test(y) && BigInt(x) < BigInt(y);
}

function staleFinding(object: RawObject, known: RawObject): Finding {
  return {
    severity: 'warning',
    path: object.name,
    message: `stale_source: the API server shows version ${object.resourceVersion}, older than ${known.resourceVersion} seen before; it is ignored until it has lasted`,
    remedy:
      'none if a backup of etcd was restored; else check the members of the control plane: kubectl get --raw /readyz?verbose',
  };
}
