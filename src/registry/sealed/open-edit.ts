import { objectsOf } from '../objects-of.ts';
import { textsAfter, type RawObjects, type Step } from '../operations/step.ts';
import { openSealed } from './opened.ts';

/** Opens the sealed values that an edit would bring, before it is judged. */
export async function openEdit(objects: RawObjects, steps: readonly Step[]): Promise<void> {
  await openSealed(objectsOf(textsAfter(objects, steps)).values());
}
