import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { registryObjects, type RegistryObject } from '../../src/model/snapshot.ts';
import type { Reading, Source } from '../../src/registry/source.ts';

/** What a kind of source brings so that the suite can play the admin beside it. */
export interface SourceBench {
  /** Opens a source of its own on the same registries: another process, as far as the sources can tell. */
  open(): Promise<Source>;
  /** Puts an object there as an admin's `kubectl apply` would, replacing the whole of it. */
  put(
    object: RegistryObject,
    data: Readonly<Record<string, string>>,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void>;
  remove(object: RegistryObject): Promise<void>;
  /** The data as it stands, read around the source. */
  data(object: RegistryObject): Promise<Readonly<Record<string, string>> | undefined>;
  annotations(object: RegistryObject): Promise<Readonly<Record<string, string>>>;
  /** Makes the source unreadable, and readable again. */
  break(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

async function readable(source: Source): Promise<Extract<Reading, { kind: 'read' }>> {
  const reading = await source.read(signal());
  if (reading.kind === 'unreadable') throw new Error(`unreadable: ${reading.reason}`);
  return reading;
}

/** The promises of the port `Source`, checked on one implementation. */
export function describeSource(name: string, openBench: () => Promise<SourceBench>): void {
  describe(`the ${name} source`, () => {
    let bench: SourceBench;
    let source: Source;
    const opened: Source[] = [];
    const open = async (): Promise<Source> => {
      const another = await bench.open();
      opened.push(another);
      return another;
    };

    beforeEach(async () => {
      bench = await openBench();
      source = await open();
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
      await bench.close();
    });

    describe('read', () => {
      test('delivers every object with its data and annotations untouched', async () => {
        const text = '{"demo": {"port":8e1,\t"über": "\\u00e9", "updated":""}}\n';
        await bench.put(
          'service-registry',
          { 'services.json': text, foreign: ' kept ' },
          { 'sync-controller/paused': 'true' },
        );
        const { objects, missing } = await readable(source);
        expect(objects.get('service-registry')).toMatchObject({
          name: 'service-registry',
          data: { 'services.json': text, foreign: ' kept ' },
          annotations: { 'sync-controller/paused': 'true' },
        });
        expect(missing).toEqual(registryObjects.filter((object) => object !== 'service-registry'));
      });

      test('tells an object that is gone from an empty one', async () => {
        await bench.put('domain-registry', {});
        await bench.put('cluster-info', { 'cluster-name': '' });
        const before = await readable(source);
        expect(before.objects.get('domain-registry')?.data).toEqual({});
        expect(before.objects.get('cluster-info')?.data).toEqual({ 'cluster-name': '' });
        await bench.remove('domain-registry');
        expect((await readable(source)).missing).toContain('domain-registry');
      });

      test('keeps one version for one content, and another for another', async () => {
        await bench.put('cluster-info', { 'cluster-name': 'a' });
        const first = (await readable(source)).objects.get('cluster-info')?.resourceVersion;
        expect((await readable(await open())).objects.get('cluster-info')?.resourceVersion).toBe(first);
        await bench.put('cluster-info', { 'cluster-name': 'b' });
        expect((await readable(source)).objects.get('cluster-info')?.resourceVersion).not.toBe(first);
      });

      test('B13 B24 calls a failing source unreadable, never empty, and reads again when it is back', async () => {
        await bench.put('service-registry', { 'services.json': '{}' });
        await readable(source);
        await bench.break();
        const reading = await source.read(signal());
        expect(reading).toMatchObject({
          kind: 'unreadable',
          reason: expect.stringMatching(/\S/u),
          remedy: expect.stringMatching(/\S/u),
        });
        await bench.mend();
        await vi.waitFor(
          async () => expect((await readable(source)).objects.has('service-registry')).toBe(true),
          { timeout: 30_000 },
        );
      });
    });

    describe('watch', () => {
      let over: AbortController;
      let watching: Promise<void>;
      let hints: RegistryObject[];

      beforeEach(async () => {
        for (const object of registryObjects) await bench.put(object, { key: 'first' });
        over = new AbortController();
        hints = [];
        watching = source.watch((object) => hints.push(object), over.signal);
      });
      afterEach(async () => {
        over.abort();
        await watching;
      });

      const hinted = (object: RegistryObject): Promise<void> =>
        vi.waitFor(() => expect(hints).toContain(object), { timeout: 20_000, interval: 10 });

      const begun = async (): Promise<void> => {
        for (const object of registryObjects) await hinted(object);
        hints.length = 0;
      };

      test('names every object once it follows, for what changed before', async () => {
        await begun();
      });

      test.each(registryObjects)('tells of a change of %s', async (object) => {
        await begun();
        await bench.put(object, { key: 'second' });
        await hinted(object);
      });

      test('tells of an object that goes and of one that comes', async () => {
        await begun();
        await bench.remove('cluster-info');
        await hinted('cluster-info');
        hints.length = 0;
        await bench.put('cluster-info', { key: 'back' });
        await hinted('cluster-info');
      });

      test('loses no change made while the source was away', async () => {
        await begun();
        await bench.break();
        await vi.waitFor(async () => expect((await source.read(signal())).kind).toBe('unreadable'), {
          timeout: 20_000,
        });
        hints.length = 0;
        await bench.mend();
        await bench.put('service-registry', { key: 'changed meanwhile' });
        await hinted('service-registry');
        await vi.waitFor(
          async () =>
            expect((await readable(source)).objects.get('service-registry')?.data).toEqual({
              key: 'changed meanwhile',
            }),
          { timeout: 30_000 },
        );
      });
    });

    describe('edit', () => {
      test('writes the value and returns the version a reader then sees', async () => {
        await bench.put('service-registry', { 'services.json': '{}' });
        const version = await source.edit('service-registry', 'services.json', (text) => `${text} `);
        expect(await bench.data('service-registry')).toEqual({ 'services.json': '{} ' });
        expect((await readable(source)).objects.get('service-registry')?.resourceVersion).toBe(version);
      });

      test('writes nothing where the edit leaves the text or returns it as it was', async () => {
        await bench.put('service-registry', { 'services.json': '{}' });
        const before = (await readable(source)).objects.get('service-registry')?.resourceVersion;
        expect(await source.edit('service-registry', 'services.json', () => undefined)).toBeUndefined();
        expect(await source.edit('service-registry', 'services.json', (text) => text)).toBeUndefined();
        expect((await readable(source)).objects.get('service-registry')?.resourceVersion).toBe(before);
      });

      test('creates an object and a key that do not exist', async () => {
        const seen: (string | undefined)[] = [];
        const put = (value: string) => (text: string | undefined) => {
          seen.push(text);
          return value;
        };
        await source.edit('domain-registry', 'domains.json', put('{"domains":{}}'));
        await source.edit('domain-registry', 'routing.json', put('{}'));
        expect(seen).toEqual([undefined, undefined]);
        expect(await bench.data('domain-registry')).toEqual({
          'domains.json': '{"domains":{}}',
          'routing.json': '{}',
        });
      });

      test('B48 leaves the other keys, the annotations and their bytes alone, time after time', async () => {
        const routing = '{"demo":{"domains":["x.example"],  "strategy":"geo"}}\n';
        await bench.put(
          'domain-registry',
          { 'domains.json': '{}', 'routing.json': routing, odd: '\t"' },
          { note: 'mine' },
        );
        await source.edit('domain-registry', 'domains.json', () => '{"a":1}');
        await source.edit('domain-registry', 'domains.json', () => '{"a":2}');
        expect(await bench.data('domain-registry')).toEqual({
          'domains.json': '{"a":2}',
          'routing.json': routing,
          odd: '\t"',
        });
        expect(await bench.annotations('domain-registry')).toMatchObject({ note: 'mine' });
      });

      test('B42 loses no edit of two writers at once', async () => {
        const writers = [source, await open()];
        const add = (writer: Source, word: string): Promise<unknown> =>
          writer.edit('service-registry', 'services.json', (text) => `${text ?? ''}${word}\n`);
        await Promise.all(
          writers.map(async (writer, w) => {
            for (let n = 0; n < 50; n++) await add(writer, `w${w}-${n}`);
          }),
        );
        const words = (await bench.data('service-registry'))?.['services.json']?.trim().split('\n') ?? [];
        const expected = [0, 1].flatMap((w) => Array.from({ length: 50 }, (_, n) => `w${w}-${n}`));
        expect([...words].sort()).toEqual(expected.sort());
      });

      test('B7 neither erases nor resurrects rows that others add and remove while statuses are written', async () => {
        const rows = (from: number): string[] => Array.from({ length: 10 }, (_, n) => `row${from + n}`);
        await bench.put('sync-controller-registry', { 'registry.json': rows(0).join(' ') });
        const change = (writer: Source, edit: (words: string[]) => string[]): Promise<unknown> =>
          writer.edit('sync-controller-registry', 'registry.json', (text) =>
            edit((text ?? '').split(' ')).join(' '),
          );
        const admin = await open();
        await Promise.all([
          (async () => {
            for (const row of rows(10)) await change(admin, (words) => [...words, row]);
            for (const row of rows(0))
              await change(admin, (words) => words.filter((word) => word.split('=')[0] !== row));
          })(),
          (async () => {
            for (let n = 0; n < 20; n++)
              await change(source, (words) => words.map((word) => `${word.split('=')[0]}=${n}`));
          })(),
        ]);
        const left = (await bench.data('sync-controller-registry'))?.['registry.json']
          ?.split(' ')
          .map((word) => word.split('=')[0]);
        expect(left).toEqual(rows(10));
      });

      test('B24 is refused, and begins no empty registry, where the source is away', async () => {
        await bench.put('service-registry', { 'services.json': 'kept' });
        await bench.break();
        await expect(source.edit('service-registry', 'services.json', () => 'new')).rejects.toMatchObject({
          name: 'SyncError',
        });
        await bench.mend();
        await vi.waitFor(
          async () => expect(await bench.data('service-registry')).toEqual({ 'services.json': 'kept' }),
          { timeout: 30_000 },
        );
      });

      test('passes on what the edit itself throws, and writes nothing', async () => {
        await bench.put('service-registry', { 'services.json': 'kept' });
        const edit = source.edit('service-registry', 'services.json', () => {
          throw new Error('not valid JSON');
        });
        await expect(edit).rejects.toThrow('not valid JSON');
        expect(await bench.data('service-registry')).toEqual({ 'services.json': 'kept' });
      });
    });

    describe('objects of our own', () => {
      const object = 'sync-controller-status-0';

      test('are absent until created, and created once', async () => {
        expect(await source.own.read(object)).toBeUndefined();
        const version = await source.own.swap(object, { a: '1' }, undefined);
        expect(version).toBeDefined();
        expect(await source.own.swap(object, { a: '2' }, undefined)).toBeUndefined();
        expect(await source.own.read(object)).toEqual({ version, data: { a: '1' } });
      });

      test('are swapped only by the one that knows the version', async () => {
        const version = await source.own.swap(object, { a: '1' }, undefined);
        const next = await source.own.swap(object, { b: '2' }, version);
        expect(next).not.toBe(version);
        expect(await source.own.swap(object, { c: '3' }, version)).toBeUndefined();
        expect((await source.own.read(object))?.data).toEqual({ b: '2' });
      });

      test('of many swaps at once exactly one wins', async () => {
        const version = await source.own.swap(object, { n: '0' }, undefined);
        const results = await Promise.all(
          Array.from({ length: 8 }, (_, n) => source.own.swap(object, { n: String(n + 1) }, version)),
        );
        expect(results.filter((result) => result !== undefined)).toHaveLength(1);
      });

      test('are patched key by key, created where absent, and a null removes', async () => {
        await source.own.patch(object, { a: '1', b: '2' });
        await Promise.all([
          source.own.patch(object, { c: '3' }),
          source.own.patch(object, { a: null }),
          source.own.patch(object, { d: '4' }),
        ]);
        expect((await source.own.read(object))?.data).toEqual({ b: '2', c: '3', d: '4' });
      });
    });

    test('says where it reads and when it was last alive', async () => {
      await bench.put('cluster-info', {});
      await readable(source);
      expect(source.health()).toMatchObject({
        location: expect.stringMatching(/\S/u),
        lastProofMs: expect.any(Number),
      });
    });
  });
}
