import { describe, expect, it } from 'vitest';
import type { RawObject, RegistryObject } from '../../src/model/snapshot.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { expectAsPlanned } from '../plan/reread.ts';
import { caseNames, inputOf } from './case-folder.ts';
import { decide, expectedOf, filesOf, rewriteExpected } from './case-output.ts';

type Objects = ReadonlyMap<RegistryObject, RawObject>;

/** The same content with every object's keys in the opposite order. */
function reversed(objects: Objects): Objects {
  return new Map([...objects].map(([name, raw]) => [name, { ...raw, data: reversedTexts(raw.data) }]));
}

function reversedTexts(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => {
      try {
        return [key, JSON.stringify(reverseKeys(JSON.parse(text)))];
      } catch {
        return [key, text];
      }
    }),
  );
}

function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reverseKeys(item)]),
  );
}

function bundlesOf(result: ReturnType<typeof decide>): readonly string[] {
  return [...result.plan.nodes.values()]
    .flatMap((node) => node.bundles.map((bundle) => `${node.id} ${bundle.bytes}`))
    .sort();
}

describe.each(caseNames())('%s', (name) => {
  const { before, now } = inputOf(name);
  const result = decide(before, now);

  it('comes to exactly the expected files', () => {
    const files = filesOf(result);
    if (process.env['UPDATE_CASES'] === '1') rewriteExpected(name, files);
    expect(Object.fromEntries(files)).toEqual(Object.fromEntries(expectedOf(name)));
  });

  it('emits bytes that re-parse to exactly what the verification will compare with', () => {
    for (const plan of result.plan.nodes.values()) for (const bundle of plan.bundles) expectAsPlanned(bundle);
  });

  it('comes to the same bytes when every object has its keys in another order', () => {
    const hasDuplicates = result.snapshot.findings.some((finding) =>
      finding.message.includes('got it twice'),
    );
    if (hasDuplicates) return expect(result.snapshot.findings).not.toEqual([]);
    return expect(
      bundlesOf(decide(before === undefined ? undefined : reversed(before), reversed(now))),
    ).toEqual(bundlesOf(result));
  });

  it('reads to the same digest over itself as alone', () => {
    const alone = parseRegistries(now, undefined);
    expect(parseRegistries(now, alone).digest).toBe(alone.digest);
  });
});
