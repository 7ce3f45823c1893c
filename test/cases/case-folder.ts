import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { RawObject, RegistryObject } from '../../src/model/snapshot.ts';

/** Every data key a case can give as a file of its own, with the object it belongs to. */
const keys: Readonly<Record<string, RegistryObject>> = {
  'services.json': 'service-registry',
  'registry.json': 'sync-controller-registry',
  'domains.json': 'domain-registry',
  'routing.json': 'domain-registry',
  'vps-nodes.json': 'domain-registry',
};

const casesRoot = import.meta.dirname;

/** The cases below test/cases: folders with an `input` folder, as `<area>/<case>`. */
export function caseNames(): readonly string[] {
  const folders = (path: string): readonly string[] =>
    readdirSync(path).filter((name) => statSync(join(path, name)).isDirectory());
  return folders(casesRoot)
    .flatMap((area) => folders(join(casesRoot, area)).map((name) => `${area}/${name}`))
    .filter((name) => existsSync(join(casesRoot, name, 'input')));
}

/** Path of a part of a case. */
export function casePath(name: string, part: string): string {
  return join(casesRoot, name, part);
}

type Objects = ReadonlyMap<RegistryObject, RawObject>;

/**
 * The registry objects of a folder. A key is taken from the first folder that has it: `<key>` is its text,
 * `<key>.absent` takes it away; `<object>.absent` takes the whole object away, `<object>.paused` pauses it.
 */
export function readObjects(folders: readonly string[]): Objects {
  const objects = new Map<RegistryObject, RawObject>();
  const put = (name: RegistryObject, data: Readonly<Record<string, string>>): void => {
    if (first(folders, `${name}.absent`) !== undefined) return;
    const annotations =
      first(folders, `${name}.paused`) === undefined ? {} : { 'sync-controller/paused': 'true' };
    objects.set(name, { name, uid: `uid-${name}`, resourceVersion: '1', data, annotations });
  };
  const data: Partial<Record<RegistryObject, Record<string, string>>> = {};
  for (const [key, object] of Object.entries(keys)) {
    const text = first(folders, key, `${key}.absent`);
    data[object] = { ...data[object], ...(text === undefined ? {} : { [key]: text }) };
  }
  for (const object of ['service-registry', 'sync-controller-registry', 'domain-registry'] as const)
    put(object, data[object] ?? {});
  put('cluster-info', clusterInfo(first(folders, 'cluster-info.yaml') ?? '{}'));
  return objects;
}

function clusterInfo(text: string): Readonly<Record<string, string>> {
  const data: unknown = parse(text);
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, String(value)]));
}

/** Text of a file in the first folder that has it or the file that cancels it. */
function first(folders: readonly string[], file: string, cancel = ''): string | undefined {
  for (const folder of folders) {
    if (cancel !== '' && existsSync(join(folder, cancel))) return undefined;
    if (existsSync(join(folder, file))) return readFileSync(join(folder, file), 'utf8');
  }
  return undefined;
}

/** The input of a case: its own folder over the common one. `before` is what was in force before, where the case says so. */
export function inputOf(name: string): { readonly before: Objects | undefined; readonly now: Objects } {
  const common = join(casesRoot, 'common');
  const before = casePath(name, 'input/before');
  return {
    before: existsSync(before) ? readObjects([before, common]) : undefined,
    now: readObjects([casePath(name, 'input'), ...(existsSync(before) ? [before] : []), common]),
  };
}
