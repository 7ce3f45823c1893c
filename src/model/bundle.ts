import { createHash } from 'node:crypto';
import { nodeTypeFacts } from './node-types.ts';

/** Lower-case hex sha-256. */
export type Digest = string & { readonly __brand: 'Digest' };

/** Digest of exact bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

/** What a node serves to others, in a form that the verification compares with what its consumer reports. */
export type Expectation =
  | { readonly kind: 'hosts'; readonly names: readonly { readonly name: string; readonly ip: string }[] }
  | {
      readonly kind: 'traefik';
      readonly routers: readonly ExpectedRouter[];
      readonly services: readonly ExpectedBackend[];
      /** The public domains of the cluster: a router of our making under one of them that is not expected is a leftover of ours. */
      readonly domains?: readonly string[];
    }
  | {
      readonly kind: 'caddy';
      /** Whose routes these are: Caddy reports the mark that stands in each of ours. */
      readonly clusterId: string;
      readonly routes: readonly { readonly host: string; readonly upstream: string }[];
    };

export interface ExpectedRouter {
  readonly name: string;
  readonly rule: string;
  readonly service: string;
  readonly entryPoints: readonly string[];
}

export interface ExpectedBackend {
  readonly name: string;
  readonly urls: readonly string[];
}

/** The bytes one node should hold under one target kind. `names` are the public or internal host names in it, for guards and diffs. */
export interface Bundle {
  /** Target kind: the name of the file in `targets.d`. */
  readonly kind: TargetKind;
  readonly bytes: string;
  readonly digest: Digest;
  readonly names: readonly string[];
  readonly expectation: Expectation;
}

export type TargetKind = (typeof nodeTypeFacts)[number]['kind'];

/** Every kind of target, once. */
export const targetKinds: readonly TargetKind[] = [...new Set(nodeTypeFacts.map(({ kind }) => kind))];
