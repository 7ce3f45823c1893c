import { readFile } from 'node:fs/promises';
import { deflateSync, inflateSync } from 'node:zlib';
import { rmSync } from 'node:fs';
import { digestOf, type Bundle } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import { openedBytes, sealedBytes } from '../registry/sealed/at-rest.ts';
import { writeAtomic } from '../lib/files.ts';

// Raised whenever the form of a bundle changes.
const format = 'rendered-1';

/** The bytes that a release made of a revision, by node: another release may make others of the same registries. */
export interface KeptBytes {
  readonly revision: string;
  readonly nodes: ReadonlyMap<NodeId, readonly Bundle[]>;
}

export interface BytesKeeper {
  load(): Promise<KeptBytes | undefined>;
  save(kept: KeptBytes): Promise<void>;
  /** Nobody asks for them any more. */
  drop(): Promise<void>;
}

/** What is kept of a plan. */
export function bytesOf({ snapshotDigest, nodes }: FleetPlan): KeptBytes {
  return {
    revision: snapshotDigest,
    nodes: new Map([...nodes.values()].map(({ id, bundles }) => [id, bundles])),
  };
}

/** The plan of a revision with the bytes that were made of it then. */
export function withBytes(plan: FleetPlan, kept: KeptBytes | undefined): FleetPlan {
  if (kept?.revision !== plan.snapshotDigest) return plan;
  const nodes = [...plan.nodes.values()].map((one) => {
    const bundles = kept.nodes.get(one.id);
    return [one.id, bundles === undefined || bundles.length === 0 ? one : { ...one, bundles }] as const;
  });
  return { ...plan, nodes: new Map(nodes) };
}

interface Form {
  readonly revision: string;
  readonly bundles: readonly Bundle[];
  readonly nodes: readonly (readonly [NodeId, readonly number[]])[];
}

/** Keeps them in one file, each payload once; a damaged file, or one of another form, counts as none. */
export function renderedFile(path: string): BytesKeeper {
  return {
    load: async () => {
      const file = await readFile(path).catch(() => undefined);
      const cut = file?.indexOf(10) ?? -1;
      if (file === undefined || cut < 0) return undefined;
      const body = file.subarray(cut + 1);
      if (file.subarray(0, cut).toString() !== `${format} ${digestOf(body)}`) return undefined;
      // Our own bytes, under a digest of ours.
      const plain = await openedBytes(body);
      if (plain === undefined) return undefined;
      const form = JSON.parse(inflateSync(plain).toString('utf8')) as Form;
      const bundles = (at: readonly number[]): readonly Bundle[] =>
        at.flatMap((one) => form.bundles[one] ?? []);
      return { revision: form.revision, nodes: new Map(form.nodes.map(([id, at]) => [id, bundles(at)])) };
    },
    save: async (kept) => {
      const body = await sealedBytes(deflateSync(JSON.stringify(formOf(kept)), { level: 1 }));
      writeAtomic(path, Buffer.concat([Buffer.from(`${format} ${digestOf(body)}\n`), body]), { mode: 0o600 });
    },
    drop: () => {
      rmSync(path, { force: true });
      return Promise.resolve();
    },
  };
}

function formOf({ revision, nodes }: KeptBytes): Form {
  const bundles: Bundle[] = [];
  const places = new Map<string, number>();
  const placeOf = (bundle: Bundle): number => {
    // Equal bytes may be expected of different consumers.
    const key = `${bundle.kind} ${bundle.digest}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, bundles.push(bundle) - 1);
    return bundles.length - 1;
  };
  return { revision, nodes: [...nodes].map(([id, own]) => [id, own.map(placeOf)] as const), bundles };
}
