import type { Service } from '../../model/service.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Because } from '../../contract/insight.ts';
import { namesOf } from '../../plan/service-names.ts';
import { editedBy } from '../edited-by.ts';
import type { PastParts, PastRevision } from '../past.ts';

/** What the service was under a snapshot: its names and where they lead; undefined where it was not registered. */
function shapeOf(name: string, snapshot: Snapshot): string | undefined {
  const service = snapshot.services.get(name);
  return service === undefined ? undefined : shape(service, snapshot);
}

function shape(service: Service, snapshot: Snapshot): string {
  const { internal, public: outside } = namesOf(service, snapshot);
  const route = snapshot.routes.get(service.name);
  return JSON.stringify([
    internal,
    outside,
    service.ip,
    service.port,
    outside.length > 0 ? route?.vpsNodes : [],
  ]);
}

/**
 * The revision that brought the service as it is, or took it away; null where nothing is kept.
 * `before` is the newest snapshot that still had it, where it is gone.
 */
export async function becauseOf(
  parts: PastParts,
  name: string,
  now: Snapshot,
): Promise<{ readonly because: Because | null; readonly before: Snapshot | undefined }> {
  const { pastRevisions } = await import('../past.ts');
  const wanted = shapeOf(name, now);
  let newer: PastRevision<unknown>['revision'] | undefined;
  const ask = (snapshot: Snapshot) => ({ shape: shapeOf(name, snapshot), snapshot });
  for await (const { revision, value } of pastRevisions(parts, ask)) {
    if (value.shape !== wanted) {
      const owner = ownerOf(name, wanted === undefined ? value.snapshot : now);
      const before = wanted === undefined ? value.snapshot : undefined;
      return { because: reason(newer, owner, false), before };
    }
    newer = revision;
  }
  const because = newer === undefined ? null : reason(newer, ownerOf(name, now), true);
  return { because, before: undefined };
}

/** Of several sources the one that the service is of. */
function ownerOf(name: string, snapshot: Snapshot): string | undefined {
  return snapshot.services.get(name)?.source;
}

/** No revision: what the registries say now is not filed yet. */
function reason(
  revision: PastRevision<unknown>['revision'] | undefined,
  owner: string | undefined,
  oldest: boolean,
): Because {
  if (revision === undefined) return { revision: null, at: null, who: null, why: null, oldest };
  const { number, at } = revision;
  return { revision: number, at, ...editedBy(revision, owner, oldest), oldest };
}
