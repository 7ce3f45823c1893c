import { Violation } from '../kernel/world.ts';
import type { Stored, Write } from '../kube/server.ts';

const ours = ['status', 'last_sync', 'last_attempt', 'last_error'];
const term = 'sync-controller-term';
const registries = ['service-registry', 'domain-registry', 'cluster-info'];
const minuteMs = 60_000;

/** Judges every write of a controller to the API server: the admin's words stay, terms only rise and not too often. */
export class Writes {
  private readonly terms = new Map<string, number[]>();
  private readonly now: () => number;
  private readonly writers = new Set<string>();
  private highest = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  /** A person asked this controller for a term: it does not count. */
  forgive(by: string): void {
    this.terms.delete(by);
  }

  /** The store was restored from a backup: older epochs are free again, for those who did not hear of the newer ones. */
  goBack(): void {
    this.highest = 0;
  }

  judge({ before, after, by }: Write): void {
    const name = after?.name ?? before?.name ?? '';
    if (name === term) this.term(before, after, by);
    if (by === 'person' || by === 'somebody') return;
    if (after === undefined) throw new Violation('I6', `${by} deleted ${name}`);
    if (registries.includes(name)) throw new Violation('registry', `${by} wrote ${name}`);
    if (name === 'sync-controller-registry') this.rows(before, after, by);
  }

  /** Without our four fields, a registry must read as it did. */
  private rows(before: Stored | undefined, after: Stored, by: string): void {
    const was = withoutOurs(before?.data['registry.json']);
    const is = withoutOurs(after.data['registry.json']);
    if (was !== is)
      throw new Violation(
        'registry',
        `${by} changed what an admin wrote: ${was.slice(0, 200)} -> ${is.slice(0, 200)}`,
      );
    for (const [key, text] of Object.entries(before?.data ?? {}))
      if (key !== 'registry.json' && after.data[key] !== text)
        throw new Violation('registry', `${by} changed the key ${key}`);
  }

  private term(before: Stored | undefined, after: Stored | undefined, by: string): void {
    if (by === 'person') return;
    const was = before?.data['cluster_id'];
    const is = after?.data['cluster_id'];
    if (was !== undefined && was !== is)
      throw new Violation('I2', `${by} changed the cluster id from ${was} to ${is ?? 'none'}`);
    const epoch = Number(after?.data['epoch'] ?? '0');
    if (epoch === Number(before?.data['epoch'] ?? '0')) return;
    if (epoch <= this.highest)
      throw new Violation('I1', `${by} took epoch ${String(epoch)} after ${String(this.highest)} was taken`);
    this.highest = epoch;
  }

  /** A controller began a term. The first is its own right, and the next one above an old record; then it has to wait. */
  begun(by: string, writer: string): void {
    if (this.writers.has(writer))
      throw new Violation('I2', `${by} begins a term as ${writer}, which wrote before`);
    this.writers.add(writer);
    const taken = [...(this.terms.get(by) ?? []), this.now()];
    this.terms.set(by, taken);
    const third = taken.at(-3);
    if (third !== undefined && this.now() - third < minuteMs)
      throw new Violation('terms', `${by} began three terms within a minute`);
  }
}

/** A registry with our four fields taken out of its rows, spelled alike. */
function withoutOurs(text: string | undefined): string {
  try {
    return JSON.stringify(JSON.parse(text ?? ''), (key, value: unknown) =>
      ours.includes(key) ? undefined : value,
    );
  } catch {
    return text ?? '';
  }
}
