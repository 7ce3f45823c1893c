import { splitPath, type RegistryTexts } from '../model/registry-texts.ts';
import { registryObjects, type RawObject, type RegistryObject } from '../model/snapshot.ts';

/** The registry objects that these texts were read from, or would be. */
export function objectsOf(texts: RegistryTexts): ReadonlyMap<RegistryObject, RawObject> {
  const data = new Map<string, Record<string, string>>();
  for (const [path, text] of Object.entries(texts)) {
    const { object, key } = splitPath(path);
    data.set(object, { ...data.get(object), [key]: text });
  }
  return new Map(
    registryObjects
      .filter((name) => data.has(name))
      .map((name) => [
        name,
        { name, uid: '', resourceVersion: '', data: data.get(name) ?? {}, annotations: {} },
      ]),
  );
}
