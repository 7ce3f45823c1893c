import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { openTermStore } from '../../src/registry/open-term-store.ts';
import type { Source } from '../../src/registry/source.ts';
import type { TermStore } from '../../src/registry/term-store.ts';

/** A place for terms, opened as often as there are controllers. */
export interface TermBench {
  open(): Promise<Source>;
  readonly state: string;
  /** Deletes the cluster id from beside the registries, as an admin's slip would. */
  loseId(): Promise<void>;
  /** Puts a text in the cluster id's place. */
  spoilId(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface TermPromises {
  /** True where the epoch lives in the state directory and is lost with it. */
  readonly epochInState: boolean;
}

/** The promises of the port `TermStore`, checked on one implementation. */
export function describeTermStore(
  name: string,
  promises: TermPromises,
  openBench: () => Promise<TermBench>,
): void {
  describe(`the term store of the ${name} source`, () => {
    let bench: TermBench;
    const sources: Source[] = [];
    const open = async (state = bench.state): Promise<TermStore> => {
      const source = await bench.open();
      sources.push(source);
      return openTermStore(source, { stateDirectory: state, clock: systemClock, random: systemRandom });
    };
    const claim = (writer: string, heard = 0): { heard: number; writer: string; holder: string } => ({
      heard,
      writer,
      holder: `test ${writer}`,
    });

    beforeEach(async () => {
      bench = await openBench();
    });
    afterEach(async () => {
      for (const source of sources.splice(0)) await source.close();
      await bench.close();
    });

    test('shows nothing, and writes nothing, before an id is minted', async () => {
      const store = await open();
      expect(await store.peek()).toBeUndefined();
      expect(await store.peek()).toBeUndefined();
    });

    test('mints one id, the same for all who ask at once and ever after', async () => {
      const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
      const ids = new Set(
        (await Promise.all(stores.map((store) => store.read()))).map((record) => record.clusterId),
      );
      expect(ids.size).toBe(1);
      const [id = ''] = ids;
      expect(id).toMatch(/^[a-z0-9-]{8,64}$/u);
      expect(await (await open()).peek()).toEqual({
        clusterId: id,
        epoch: 0,
        writer: undefined,
        holder: undefined,
        since: undefined,
      });
    });

    test('begins a term one above what is stored and what was heard', async () => {
      const store = await open();
      expect(await store.take(claim('a'))).toMatchObject({ epoch: 1, writer: 'a' });
      expect(await store.take(claim('b', 41))).toMatchObject({ epoch: 42, writer: 'b' });
      expect(await store.take(claim('c', 7))).toMatchObject({ epoch: 43, writer: 'c' });
      expect(await (await open()).read()).toMatchObject({
        epoch: 43,
        writer: 'c',
        holder: 'test c',
        since: expect.stringMatching(/Z$/u),
      });
    });

    test('gives no epoch twice, however many take at once', async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
      const terms = await Promise.all(
        stores.flatMap((store, s) => Array.from({ length: 5 }, (_, n) => store.take(claim(`w${s}-${n}`)))),
      );
      expect(new Set(terms.map((term) => term.epoch)).size).toBe(20);
      expect(new Set(terms.map((term) => term.clusterId)).size).toBe(1);
    });

    test('loses at most the epoch with the state directory, and what the nodes say brings it back', async () => {
      const before = await (await open()).take(claim('a', 9));
      await rm(bench.state, { recursive: true, force: true });
      const store = await open();
      const record = await store.read();
      expect(record.clusterId).toBe(before.clusterId);
      expect(record.epoch).toBe(promises.epochInState ? 0 : 10);
      expect(await store.take(claim('b', 10))).toEqual({
        clusterId: before.clusterId,
        epoch: 11,
        writer: 'b',
      });
    });

    test('puts the known id back where it was deleted beside the registries', async () => {
      const before = await (await open()).take(claim('a'));
      await bench.loseId();
      expect((await (await open()).read()).clusterId).toBe(before.clusterId);
    });

    test('mints anew where the id is deleted and nobody remembers it', async () => {
      const before = await (await open()).take(claim('a'));
      await bench.loseId();
      const elsewhere = await open(join(bench.state, 'elsewhere'));
      expect((await elsewhere.read()).clusterId).not.toBe(before.clusterId);
    });

    test('refuses an id that is none, naming where it stands, and changes nothing', async () => {
      await (await open()).take(claim('a'));
      await bench.spoilId('No Id; rm -rf');
      const store = await open();
      await expect(store.read()).rejects.toMatchObject({
        exit: 'data',
        message: expect.stringMatching(/expected a cluster id .*No Id/u),
      });
      await expect(store.take(claim('b'))).rejects.toMatchObject({ exit: 'data' });
    });

    test('refuses an epoch that is no number', async () => {
      const store = await open();
      await expect(store.take(claim('a', Number.NaN))).rejects.toMatchObject({ name: 'SyncError' });
      await expect(store.take(claim('a', Number.MAX_SAFE_INTEGER))).rejects.toMatchObject({
        message: expect.stringContaining('no epoch is left'),
      });
    });
  });
}
