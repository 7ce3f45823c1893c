import * as z from 'zod';

/** A whole number from 1 in a query, where everything is text. */
export const queryNumber = (most = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(1).max(most);

/** `true` or `false` in a query. */
export const queryFlag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((word) => word === 'true');
