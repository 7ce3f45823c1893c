import { appendFileSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { registryObjects, type RegistryObject } from '../../src/model/snapshot.ts';
import { writeAtomic } from '../../src/lib/files.ts';
import type { Reading, Source } from '../../src/registry/source.ts';
import { DirectoryBench } from './directory-bench.ts';
import { describeRemoval } from './removal.contract.ts';
import { describeSource } from './source.contract.ts';

describeSource('directory', () => DirectoryBench.make());
describeRemoval('directory', () => DirectoryBench.make());

const manifest = (name: string, data: string): string =>
  `kind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${data}\n`;

describe('a registry folder', () => {
  let bench: DirectoryBench;
  let source: Source;

  beforeEach(async () => {
    bench = await DirectoryBench.make();
    source = await bench.open();
  });
  afterEach(() => bench.close());

  const read = (): Promise<Reading> => source.read(AbortSignal.timeout(20_000));
  const objects = async (): Promise<string[]> => {
    const reading = await read();
    return reading.kind === 'read' ? [...reading.objects.keys()] : [];
  };

  test('holds the objects in any files, several in one, YAML or JSON, beside other manifests', async () => {
    await bench.write(
      'all.yml',
      `${manifest('service-registry', '{a: "1"}')}---\nkind: Service\nmetadata: {name: cluster-info}\n---\n${manifest('domain-registry', '{a: "2"}')}`,
    );
    await bench.write(
      'info.json',
      '{"kind":"ConfigMap","metadata":{"name":"cluster-info","namespace":"kube-system"},"data":{"cluster-name":"x"}}',
    );
    await bench.write(
      'elsewhere.yaml',
      `kind: ConfigMap\nmetadata: {name: sync-controller-registry, namespace: other}\n`,
    );
    await bench.write('.hidden.yaml', manifest('sync-controller-registry', '{}'));
    await bench.write('backup.yaml~', manifest('sync-controller-registry', '{}'));
    await bench.write('notes.txt', manifest('sync-controller-registry', '{}'));
    await mkdir(bench.path('folder.yaml'));
    expect(await objects()).toEqual(
      ['domain-registry', 'service-registry', 'cluster-info'].sort((a, b) => order(a) - order(b)),
    );
  });
  const order = (name: string): number =>
    ['service-registry', 'domain-registry', 'cluster-info'].indexOf(name);

  test.each<[string, (bench: DirectoryBench) => Promise<unknown>, string]>([
    ['a file that is no YAML', (b) => b.write('service.yaml', 'data: ['), 'service.yaml'],
    [
      'a file that is no UTF-8',
      (b) => writeFile(b.path('service.yaml'), Buffer.from([0x61, 0xff, 0xfe])),
      'expected UTF-8',
    ],
    [
      'a file of 5 MiB',
      (b) => b.write('service.yaml', `# ${'x'.repeat(5 * 1024 * 1024)}`),
      'expected at most',
    ],
    [
      'an object above 1 MiB',
      (b) => b.write('service.yaml', manifest('service-registry', `{a: "${'x'.repeat(1024 * 1024 + 1)}"}`)),
      'expected at most',
    ],
    [
      'a value that is no string',
      (b) => b.write('service.yaml', manifest('service-registry', '{services.json: {}}')),
      'expected a string',
    ],
    [
      'the object in two files',
      async (b) =>
        Promise.all(['a', 'b'].map((f) => b.write(`${f}.yaml`, manifest('service-registry', '{}')))),
      'also defined',
    ],
    ['a FIFO', (b) => Promise.resolve(execFileSync('mkfifo', [b.path('service.yaml')])), 'regular file'],
    ['a dangling symlink', (b) => symlink('/nonexistent/target', b.path('service.yaml')), ''],
  ])('with %s delivers the other objects and misses that one', async (_what, spoil, reason) => {
    await bench.put('cluster-info', { 'cluster-name': 'x' });
    await spoil(bench);
    const reading = await read();
    expect(reading).toMatchObject({ kind: 'read', missing: expect.arrayContaining(['service-registry']) });
    if (reading.kind !== 'read') return;
    expect([...reading.objects.keys()]).toEqual(['cluster-info']);
    if (reason !== '') expect(JSON.stringify(reading.findings)).toContain(reason);
  });

  test('that nobody may read is unreadable', async () => {
    await rm(bench.folder, { recursive: true });
    expect(await read()).toMatchObject({ kind: 'unreadable', reason: expect.stringContaining('ENOENT') });
  });

  test('is read only when a save in place is complete', async () => {
    const fd = openSync(bench.path('info.yaml'), 'w');
    const text = manifest('cluster-info', '{cluster-domain: "minicloud"}').replaceAll('"', '');
    const cut = text.indexOf('cloud');
    writeSync(fd, text.slice(0, cut));
    const reading = read();
    // The rest arrives while the reader waits for the file to settle.
    writeSync(fd, text.slice(cut));
    closeSync(fd);
    expect(await reading).toMatchObject({ kind: 'read' });
    const done = await reading;
    expect(done.kind === 'read' && done.objects.get('cluster-info')?.data).toEqual({
      'cluster-domain': 'minicloud',
    });
  });

  describe('edited', () => {
    const edit = (value: string | ((text: string | undefined) => string)): Promise<string | undefined> =>
      source.edit('service-registry', 'services.json', typeof value === 'string' ? () => value : value);

    test('keeps comments, order, other documents, mode and links', async () => {
      const text = `# mine\n${manifest('other', '{x: "1"}')}---\nkind: ConfigMap\nmetadata:\n  name: service-registry\ndata:\n  # the services\n  services.json: |\n    {\n    }\n`;
      await writeFile(bench.path('real.txt'), text);
      await chmod(bench.path('real.txt'), 0o640);
      await symlink('real.txt', bench.path('link.yaml'));
      await edit('{\n  "a": 1\n}\n');
      expect(await bench.text('real.txt')).toBe(
        text.replace('    {\n    }\n', '    {\n      "a": 1\n    }\n'),
      );
      expect((await stat(bench.path('real.txt'))).mode & 0o777).toBe(0o640);
      expect((await readdir(bench.folder)).filter((name) => !name.startsWith('.'))).toEqual([
        'link.yaml',
        'real.txt',
      ]);
    });

    test("takes an admin's save between its read and its write as the text to edit", async () => {
      await bench.write('s.yaml', manifest('service-registry', '{services.json: "one"}'));
      const seen: (string | undefined)[] = [];
      await edit((text) => {
        seen.push(text);
        if (seen.length === 1)
          writeAtomic(
            bench.path('s.yaml'),
            `# admin\n${manifest('service-registry', '{services.json: "two"}')}`,
          );
        return `${text} status`;
      });
      expect(seen).toEqual(['one', 'two']);
      expect(await bench.text('s.yaml')).toBe(
        `# admin\n${manifest('service-registry', '{services.json: "two status"}')}`,
      );
    });

    test('loses no save of an editor that writes in place in another process, whatever the moment', async () => {
      const path = bench.path('s.yaml');
      await writeFile(path, manifest('service-registry', '{services.json: "one", admin: "0"}'));
      const saver = `
        import { readFileSync, writeFileSync } from 'node:fs';
        for (let n = 1; n <= 200; n++) {
          const text = readFileSync(${JSON.stringify(path)}, 'utf8').replace(/admin: "\\d*"/, 'admin: "' + n + '"');
          if (text.includes('admin')) writeFileSync(${JSON.stringify(path)}, text);
        }`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', saver], { stdio: 'inherit' });
      const ended = once(child, 'exit');
      let edits = 0;
      while (child.exitCode === null) await edit(() => `edit ${edits++}`);
      expect(await ended).toEqual([0, null]);
      await edit('last');
      expect(await bench.data('service-registry')).toEqual({ 'services.json': 'last', admin: '200' });
    });

    test('waits out a half-saved file and refuses one that stays broken, naming it', async () => {
      await bench.write(
        's.yaml',
        'kind: ConfigMap\nmetadata: {name: service-registry}\ndata: {services.json: "on',
      );
      const half = edit((text) => `${text} status`);
      appendFileSync(bench.path('s.yaml'), 'e"}\n');
      await half;
      expect(await bench.data('service-registry')).toEqual({ 'services.json': 'one status' });
      await bench.write('s.yaml', 'data: [');
      await expect(edit('x')).rejects.toMatchObject({
        exit: 'data',
        message: expect.stringContaining('s.yaml'),
      });
      expect(await bench.text('s.yaml')).toBe('data: [');
    });

    test('is refused for an object that stands in two files', async () => {
      await bench.write('a.yaml', manifest('service-registry', '{}'));
      await bench.write('b.yaml', manifest('service-registry', '{}'));
      await expect(edit('x')).rejects.toMatchObject({
        exit: 'data',
        message: expect.stringContaining('also defined'),
      });
    });

    test('B23 leaves no backup or temporary file behind, and nothing that kubectl would apply', async () => {
      await edit('{}');
      await edit('{"a":1}');
      expect((await readdir(bench.folder)).filter((name) => name !== '.sync-controller.lock')).toEqual([
        'service-registry.yaml',
      ]);
    });

    test('waits for the process that holds the folder, and says so when it takes too long', async () => {
      const impatient = await bench.open({ lockWaitMs: 30 });
      const { DatabaseSync } = await import('node:sqlite');
      const other = new DatabaseSync(bench.path('.sync-controller.lock'));
      other.exec('BEGIN EXCLUSIVE');
      await expect(impatient.edit('cluster-info', 'cluster-name', () => 'x')).rejects.toMatchObject({
        exit: 'conflict',
      });
      const patient = edit('{}');
      other.close();
      await patient;
      expect(await bench.data('service-registry')).toEqual({ 'services.json': '{}' });
    });
  });

  describe('watched', () => {
    let over: AbortController;
    let watching: Promise<void>;
    let hints: RegistryObject[];

    const watch = async (options: { pollMs: number }): Promise<void> => {
      over = new AbortController();
      hints = [];
      source = await bench.open(options);
      watching = source.watch((object) => hints.push(object), over.signal);
      await vi.waitFor(() => expect(hints).toHaveLength(registryObjects.length), { timeout: 10_000 });
      hints.length = 0;
    };
    const hinted = (...names: RegistryObject[]): Promise<void> =>
      vi.waitFor(() => expect(hints).toEqual(expect.arrayContaining(names)), {
        timeout: 20_000,
        interval: 10,
      });
    afterEach(async () => {
      over.abort();
      await watching;
    });

    test('tells of nothing when files change and their content does not', async () => {
      await bench.put('service-registry', { a: '1' });
      await watch({ pollMs: 50 });
      await bench.write('service-registry.yaml', manifest('service-registry', '{a: "1"} # other bytes'));
      await bench.write('unrelated.yaml', manifest('unrelated', '{}'));
      await bench.put('cluster-info', { a: '1' });
      await hinted('cluster-info');
      expect(hints).toEqual(['cluster-info']);
    });

    test('tells of a change without waiting for the poll', async () => {
      await watch({ pollMs: 3_600_000 });
      await bench.put('service-registry', { a: '1' });
      await hinted('service-registry');
    });

    test('follows a folder that is removed and made anew, and one that is swapped for another', async () => {
      await watch({ pollMs: 100 });
      rmSync(bench.folder, { recursive: true });
      await hinted('service-registry');
      mkdirSync(bench.folder);
      await bench.put('service-registry', { a: '1' });
      await vi.waitFor(async () => expect(await objects()).toEqual(['service-registry']), {
        timeout: 10_000,
      });
      hints.length = 0;
      await rename(bench.folder, `${bench.folder}.old`);
      mkdirSync(bench.folder);
      await bench.put('service-registry', { a: '2' });
      await hinted('service-registry');
      hints.length = 0;
      await bench.put('service-registry', { a: '3' });
      await hinted('service-registry');
      expect(source.health().restarts).toBeGreaterThan(0);
    });

    test('notices by the poll what no event told, and counts it', async () => {
      // Events of a symlinked folder stay with the old target: a silent watcher that a test can have.
      await mkdir(`${bench.root}/one`);
      await mkdir(`${bench.root}/two`);
      await writeFile(`${bench.root}/one/s.yaml`, manifest('service-registry', '{a: "1"}'));
      await writeFile(`${bench.root}/two/s.yaml`, manifest('service-registry', '{a: "2"}'));
      await symlink(`${bench.root}/one/s.yaml`, bench.path('s.yaml'));
      await watch({ pollMs: 50 });
      await writeFile(`${bench.root}/one/s.yaml`, manifest('service-registry', '{a: "3"}'));
      await hinted('service-registry');
      expect(source.health().stalls).toBeGreaterThan(0);
    });

    test('tells when a file breaks and when it is mended', async () => {
      await bench.put('service-registry', { a: '1' });
      await watch({ pollMs: 60_000 });
      await bench.write('service-registry.yaml', 'data: [');
      await hinted('service-registry');
      hints.length = 0;
      await bench.put('service-registry', { a: '1' });
      await hinted('service-registry');
    });
  });
});
