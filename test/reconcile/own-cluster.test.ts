import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Term } from '../../src/model/term.ts';
import { createClusterMemory } from '../../src/registry/cluster-memory.ts';
import { ownCluster } from '../../src/reconcile/own-cluster.ts';
import { TermHolder } from '../../src/reconcile/term-holder.ts';

const [ours, other] = ['sc-aaaaaaaa', 'sc-bbbbbbbb'];
let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'own-cluster-'));
});
afterEach(() => {
  rmSync(state, { recursive: true });
});

/** A state directory whose last term was one of `last`, in front of a source. */
function rig(last: string | undefined, read: () => Promise<{ clusterId: string }>) {
  const term: Term | undefined =
    last === undefined ? undefined : { clusterId: last, epoch: 3, writer: 'aaaaaaaa' };
  const warned: string[] = [];
  const terms = new TermHolder({
    keeper: { take: () => Promise.reject(new Error('away')) },
    memory: {
      remember: () => Promise.resolve(),
      recall: () => Promise.resolve(term === undefined ? undefined : { term, seqLimit: 1000 }),
    },
    random: { hex: () => 'cccccccc', unit: () => 0 },
    holder: 'test',
  });
  const memory = createClusterMemory(state, 'directory /srv/a');
  const ask = () =>
    ownCluster({
      ...{ store: { read }, memory, terms, location: '/srv/a' },
      log: { warn: (message) => warned.push(message) },
    });
  return { ask, terms, memory, warned };
}
const away = () => Promise.reject(new Error('the API server is away'));

describe('the cluster of a source', () => {
  it('is the one of its term store', async () => {
    const { ask, warned } = rig(ours, () => Promise.resolve({ clusterId: ours }));
    expect(await ask()).toBe(ours);
    expect(warned).toEqual([]);
  });

  it('is remembered while the term store is away, where the last term was one of this source', async () => {
    const { ask, memory, warned } = rig(ours, away);
    await memory.note(ours);
    expect(await ask()).toBe(ours);
    expect(warned).toEqual([expect.stringContaining('remembered cluster id')]);
  });

  it.each([
    ['another cluster', other],
    ['nothing', undefined],
  ])(
    'is never guessed from the last term of another source, where %s is known of this one',
    async (_w, known) => {
      const { ask, memory, warned } = rig(ours, away);
      if (known !== undefined) await memory.note(known);
      await expect(ask()).rejects.toThrow('the API server is away');
      expect(warned).toEqual([expect.stringContaining('last served another source')]);
    },
  );

  it('is what the store says where nothing is remembered', async () => {
    await expect(rig(undefined, away).ask()).rejects.toThrow('the API server is away');
  });

  it('that changed is told, and the term of the one before is not asserted again', async () => {
    const { ask, terms, warned } = rig(other, () => Promise.resolve({ clusterId: ours }));
    expect(await ask()).toBe(ours);
    expect(warned).toEqual([expect.stringContaining('another cluster')]);
    expect(await terms.reassert(ours)).toBeUndefined();
    expect(terms.current()).toBeUndefined();
    expect(await terms.reassert(other)).toMatchObject({ clusterId: other });
  });
});
