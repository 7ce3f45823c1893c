import * as z from 'zod';
import type { Actor } from './controller.ts';

/** What became of a node that was removed: the written contract of `node remove -o json`. */
export const removalReportSchema = z.object({
  apiVersion: z.literal('sync-controller/v1'),
  kind: z.literal('RemovalReport'),
  node: z.string(),
  name: z.string(),
  /**
   * `withdrawn`: nothing of ours is left on it. `pending`: a tombstone stays until it is. `abandoned`: given up by an admin.
   * `planned`: a dry run, nothing was done.
   */
  result: z.enum(['withdrawn', 'pending', 'abandoned', 'planned']),
  cause: z.string().nullable(),
  evidence: z.string(),
  remedy: z.string().nullable(),
  /** What goes with it in the registries, in the order of the writes. */
  changes: z.array(z.object({ path: z.string(), change: z.string() })),
  /** Public host names that no VPS serves from then on. */
  hostsRemoved: z.array(z.string()),
  /** Commands that bring it back. */
  undo: z.array(z.string()),
});
export type RemovalReport = z.infer<typeof removalReportSchema>;

export interface RemovalRequest {
  /** Name, address or id of a registered or orphaned node. */
  readonly node: string;
  /** Forgets the node without withdrawing anything; also ends a tombstone. */
  readonly abandon: boolean;
  /** Tells what would go and does nothing. */
  readonly dryRun: boolean;
  readonly actor: Actor;
}

/** The end of a node's life, beside `ControllerApi`: it needs the durable store, the registry and the way to the node at once. */
export interface NodeLifecycle {
  /** Leaves a tombstone, takes the node out of the registries, withdraws and verifies; the tombstone goes with the last target. */
  removeNode(request: RemovalRequest): Promise<RemovalReport>;
  /** Writes back the row of an orphaned node, or of one whose removal is pending. */
  restoreNode(node: string, actor: Actor): Promise<void>;
}
