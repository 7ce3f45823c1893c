import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { RegistryObject } from '../../src/model/snapshot.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { writeAtomic } from '../../src/lib/files.ts';
import { createDirectorySource, type DirectorySourceOptions } from '../../src/registry/directory-source.ts';
import { parseManifest, type ManifestObject } from '../../src/registry/manifest.ts';
import type { Source } from '../../src/registry/source.ts';
import type { SourceBench } from './source.contract.ts';

/** A registry folder in a temporary place, and the admin's hands on it. */
export class DirectoryBench implements SourceBench {
  readonly root: string;
  readonly folder: string;
  readonly state: string;

  constructor(root: string) {
    this.root = root;
    this.folder = join(root, 'registry');
    this.state = join(root, 'state');
  }

  static async make(): Promise<DirectoryBench> {
    const bench = new DirectoryBench(await mkdtemp(join(tmpdir(), 'registry-')));
    await mkdir(bench.folder);
    return bench;
  }

  open(options: Partial<DirectorySourceOptions> = {}): Promise<Source> {
    return Promise.resolve(
      createDirectorySource({
        folder: this.folder,
        stateDirectory: this.state,
        pollMs: 300,
        lockWaitMs: 60_000,
        clock: systemClock,
        ...options,
      }),
    );
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  put(
    object: RegistryObject,
    data: Readonly<Record<string, string>>,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const metadata = {
      name: object,
      namespace: 'kube-system',
      ...(annotations === undefined ? {} : { annotations }),
    };
    writeAtomic(
      this.path(`${object}.yaml`),
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }),
    );
    return Promise.resolve();
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(this.path(file), text);
  }

  text(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  async remove(object: RegistryObject): Promise<void> {
    await rm(this.path(`${object}.yaml`));
  }

  async data(object: RegistryObject): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.#find(object))?.data;
  }

  async annotations(object: RegistryObject): Promise<Readonly<Record<string, string>>> {
    return (await this.#find(object))?.annotations ?? {};
  }

  async #find(object: RegistryObject): Promise<ManifestObject | undefined> {
    for (const file of await readdir(this.folder)) {
      if (file.startsWith('.')) continue;
      const manifest = parseManifest(await this.text(file));
      const found =
        manifest.kind === 'parsed' ? manifest.objects.find((one) => one.name === object) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async break(): Promise<void> {
    await rename(this.folder, `${this.folder}.away`);
    // A file in the folder's place: creating the folder anew is no way around.
    await writeFile(this.folder, '');
  }

  async mend(): Promise<void> {
    await rm(this.folder);
    await rename(`${this.folder}.away`, this.folder);
  }

  async close(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
