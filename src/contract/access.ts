import * as z from 'zod';
import { tokenRoles } from '../model/token.ts';

/** What a caller may do. The `owner` is who can open the daemon's socket; no token ever is. */
export const roles = [...tokenRoles, 'owner'] as const;
export type Role = (typeof roles)[number];

/** True where one role includes the other. */
export function includes(role: Role, wanted: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(wanted);
}

/** Who asks for a change, and why. A token's own name takes the place of `who`. */
export const actorSchema = z
  .strictObject({
    who: z.string().min(1).max(256).optional(),
    reason: z.string().max(1024).optional(),
  })
  .prefault({});
