import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { RegistryObject } from '../../model/snapshot.ts';
import type { HostKeyPin, NodeType } from '../../model/node.ts';
import { statusFields } from '../../status/write-back.ts';
import { pinSteps, type Stamp } from '../../registry/operations/nodes.ts';
import { carryOut, type Step } from '../../registry/operations/step.ts';
import type { Source } from '../../registry/source.ts';
import { createMissing, type FirstText } from '../setup/first-objects.ts';
import { done, type AdoptionStep } from './step.ts';

/** The text of one data key; undefined where it does not exist. */
export type TextOf = (object: RegistryObject, key: string) => Promise<string | undefined>;

const registry = ['sync-controller-registry', 'registry.json'] as const;

/** Registries that do not exist are made, from what the predecessor kept in files where it did so. */
export function missingStep(source: Source, texts: readonly FirstText[], undo: string): AdoptionStep {
  const objects = [...new Set(texts.map(({ object }) => object))];
  return {
    id: 'registries',
    what: `create ${objects.join(', ')}`,
    undo,
    look: () => Promise.resolve({ objects }),
    run: async () => {
      await createMissing(source, texts);
      return done;
    },
    stands: () => Promise.resolve(true),
    revert: () => Promise.resolve({ result: 'done', remark: `what was created stays: ${undo}` }),
  };
}

/** The node registry of clusters that had it in a file alone; undefined where that file is no such thing. */
export async function importedRegistry(path: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined);
  const parsed = z
    .looseObject({ management_laptops: z.array(z.unknown()), vps_nodes: z.array(z.unknown()) })
    .safeParse(text === undefined ? undefined : jsonOf(text));
  return parsed.success ? text : undefined;
}

/** What is trusted of a node from now on. */
export interface NewPins {
  readonly type: NodeType;
  readonly address: string;
  readonly keys: readonly HostKeyPin[];
}

/** Pins the host keys that were shown and agreed to. */
export function pinsStep(
  source: Source,
  {
    pins,
    extra,
    names,
    stamp,
    textOf,
  }: {
    readonly pins: readonly NewPins[];
    /** Public domains that the old set-up left on edges. */
    readonly extra: readonly Step[];
    readonly names: string;
    readonly stamp: Stamp;
    readonly textOf: TextOf;
  },
): AdoptionStep {
  return {
    id: 'pins',
    what: `pin the host keys of ${names === '' ? 'nodes' : names}${extra.length === 0 ? '' : ', and take over public domains'}`,
    undo: 'sudo syncctl adopt --undo',
    look: async () => ({ text: (await textOf(...registry)) ?? null }),
    run: async () => {
      if (pins.length > 0) await carryOut(source, pinSteps(pins, stamp));
      await carryOut(source, extra);
      return done;
    },
    stands: () => Promise.resolve(pins.length + extra.length === 0),
    revert: async (before) => {
      const { text } = z.object({ text: z.string().nullable() }).parse(before);
      if (text === null) return done;
      const seen = { foreign: false };
      await source.edit(...registry, (now) => {
        seen.foreign = now !== undefined && !isSameBut(now, text);
        return seen.foreign || now === text ? undefined : text;
      });
      return seen.foreign
        ? {
            result: 'done',
            remark: 'the node registry was changed since by somebody else: it stays, pins included',
          }
        : done;
    },
  };
}

/** True where two texts of the node registry differ in nothing but what we write into it. */
function isSameBut(one: string, two: string): boolean {
  return JSON.stringify(withoutOurs(one)) === JSON.stringify(withoutOurs(two));
}

const ours: ReadonlySet<string> = new Set([...statusFields, 'sync_controller', 'last_updated', 'updated_by']);

function withoutOurs(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key]) => !ours.has(key))
            .toSorted(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
