import { digestOf } from '../model/bundle.ts';
import { registryObjects, type Finding, type RawObject, type RegistryObject } from '../model/snapshot.ts';
import { inNamespace } from './manifest-edit.ts';
import type { Manifest } from './manifest.ts';
import type { ObjectNames } from './source.ts';

/** A manifest file as last read: its exact text and what it parses to. */
export interface ManifestFile {
  readonly path: string;
  readonly text: string;
  readonly manifest: Manifest;
}

/** An object and the file it stands in. */
export interface PlacedObject {
  readonly raw: RawObject;
  readonly file: ManifestFile;
}

/** What the files hold of the registries, and why an object of theirs cannot be used. */
export interface Picked {
  readonly objects: ReadonlyMap<RegistryObject, PlacedObject>;
  readonly findings: readonly Finding[];
  readonly refused: ReadonlyMap<RegistryObject, Finding>;
}

const objectLimitBytes = 1024 * 1024;

/** Finds the registry objects in manifests. One that is flawed or defined twice is refused as a whole: which half to trust is not ours to guess. */
export function pickObjects(
  files: readonly ManifestFile[],
  { namespace, names }: { namespace: string; names: ObjectNames },
): Picked {
  const objects = new Map<RegistryObject, PlacedObject>();
  const refused = new Map<RegistryObject, Finding>();
  const known = (object: { name: string; namespace: string | undefined }): RegistryObject | undefined =>
    inNamespace(object, namespace) ? registryObjects.find((name) => names[name] === object.name) : undefined;
  for (const file of files) {
    if (file.manifest.kind === 'invalid') continue;
    const refuse = (name: RegistryObject, message: string, remedy: string): unknown =>
      refused.set(name, { severity: 'error', path: `${file.path}/${names[name]}`, message, remedy });
    for (const fault of file.manifest.faults) {
      const name = known(fault);
      if (name !== undefined)
        refuse(
          name,
          `${fault.reason}; kubectl would refuse it`,
          'mend the object; its last good state stays',
        );
    }
    for (const object of file.manifest.objects) {
      const name = known(object);
      if (name === undefined) continue;
      const size = sizeOf(object.data);
      const other = objects.get(name)?.file.path;
      if (size > objectLimitBytes)
        refuse(
          name,
          `expected at most ${objectLimitBytes} bytes of data, got ${size}`,
          'shrink the object; its last good state stays',
        );
      if (other !== undefined)
        refuse(
          name,
          `the object is also defined in ${other}`,
          'keep one of the two; the last good state stays',
        );
      objects.set(name, { raw: rawOf(name, object), file });
    }
  }
  for (const name of refused.keys()) objects.delete(name);
  return { objects, refused, findings: [...refused.values()] };
}

function sizeOf(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
}

/** The version of an object in a folder is the digest of its content: the same content has the same version, whoever wrote it. */
export function rawOf(name: RegistryObject, content: Pick<RawObject, 'data' | 'annotations'>): RawObject {
  const canonical = [content.data, content.annotations].map((map) =>
    Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const resourceVersion = digestOf(JSON.stringify(canonical)).slice(0, 16);
  return {
    name,
    uid: `directory:${name}`,
    resourceVersion,
    data: content.data,
    annotations: content.annotations,
  };
}
