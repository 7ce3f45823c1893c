import { fieldOf, isRow } from '../registry/quarantine.ts';
import type { Call } from './call.ts';

/** When and by whom the node registry was last changed, as it says itself. */
export async function metadataOf(
  call: Call,
): Promise<{ readonly lastUpdated: string | undefined; readonly updatedBy: string | undefined }> {
  const reading = await (await call.source()).read(call.context.signal);
  const text =
    reading.kind === 'read'
      ? reading.objects.get('sync-controller-registry')?.data['registry.json']
      : undefined;
  const root = parsed(text);
  const metadata = isRow(root) ? fieldOf(root, 'metadata') : undefined;
  const field = (name: string): string | undefined => {
    const value = isRow(metadata) ? fieldOf(metadata, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return { lastUpdated: field('last_updated'), updatedBy: field('updated_by') };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
