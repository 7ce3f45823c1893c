import { isFailure } from './kubernetes-failure.ts';
import type { KubernetesObjects } from './kubernetes-objects.ts';
import type { OwnObjects } from './source.ts';

/** Our own ConfigMaps beside the registries. */
export function createKubernetesOwn(objects: KubernetesObjects): OwnObjects {
  return {
    read: async (name, signal) => {
      const found = await objects.get(name, signal);
      return found === undefined ? undefined : { version: found.resourceVersion, data: found.data };
    },
    swap: async (name, data, version) => {
      try {
        const written =
          version === undefined
            ? await objects.create(name, data)
            : await objects.replace(name, data, version);
        return written.resourceVersion;
      } catch (error) {
        // Gone meanwhile is as much another's doing as changed meanwhile.
        if (isFailure(error, 'conflict') || (version !== undefined && isFailure(error, 'not-found')))
          return undefined;
        throw error;
      }
    },
    patch: async (name, data) => {
      const patch = { data };
      try {
        await objects.patch(name, patch);
      } catch (error) {
        if (!isFailure(error, 'not-found')) throw error;
        await createOrPatch(objects, name, patch.data);
      }
    },
  };
}

async function createOrPatch(
  objects: KubernetesObjects,
  name: string,
  data: Readonly<Record<string, string | null>>,
): Promise<void> {
  const present = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null);
  try {
    await objects.create(name, Object.fromEntries(present));
  } catch (error) {
    if (!isFailure(error, 'conflict')) throw error;
    await objects.patch(name, { data });
  }
}
