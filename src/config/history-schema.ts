import * as z from 'zod';
import { whole } from './leaf.ts';

/** How much is kept of what was. */
export const history = z.strictObject(
  {
    maxRevisions: whole(
      1_000,
      { min: 2, max: 1_000_000 },
      'Revisions of the registries that are kept, the newest.',
    ),
    maxDays: whole(365, { min: 1, max: 36_500 }, 'Older revisions and outcomes are forgotten.'),
    maxMegabytes: whole(
      200,
      { min: 1, max: 1_000_000 },
      'A larger `history.db` forgets its oldest outcomes, then its oldest revisions.',
    ),
  },
  { error: 'a mapping of settings' },
);
