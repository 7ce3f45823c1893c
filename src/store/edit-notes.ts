import * as z from 'zod';
import type { Durable } from './durable.ts';
import type { EditNote } from './history/records.ts';

const action = 'edit';
const detailSchema = z.object({ path: z.string(), content: z.string() });
// An edit is filed within seconds of its note, or at the next start of a controller.
const newest = 300;

/** Keeps who wrote which texts, in the audit: it outlives a daemon that was not running, and a lost history. */
export async function keepNotes(durable: Durable, notes: readonly EditNote[], at: string): Promise<void> {
  for (const { path, content, who, why } of notes)
    await durable.ask('audit', {
      at,
      who,
      why: why ?? undefined,
      action,
      detail: JSON.stringify({ path, content }),
    });
}

/** The newest notes, newest first; none where the store is not available. */
export async function recentNotes(durable: Durable): Promise<readonly EditNote[]> {
  const reply = await durable.ask('audits', newest, action);
  if (!reply.available) return [];
  return reply.value.flatMap(({ detail, who, why }) => {
    const parsed = detailSchema.safeParse(parsedJson(detail));
    return parsed.success ? [{ ...parsed.data, who, why: why ?? null }] : [];
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
