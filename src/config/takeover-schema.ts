import { flag } from './leaf.ts';

/** Whether this controller only looks: before the predecessor is stopped, two masters would fight over the nodes. */
export const observeOnly = flag(
  false,
  'Plan, look and report, and write to no node and no registry. `syncctl init --takeover` sets it, `syncctl adopt` ends it.',
);
