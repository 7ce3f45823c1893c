import { status } from '../cli/controller-double.ts';

/** States of the controller, and what the page has to say of each. */
export const states = [
  ['no node', { nodes: [] }, ['No node is registered yet.', 'syncctl node add <address>']],
  [
    'registries that never could be read',
    { nodes: [], source: { ...status().source, state: 'none', reason: 'EACCES: permission denied' } },
    ['cannot be read, so nothing is pushed', 'EACCES: permission denied'],
  ],
  [
    'registries that cannot be read now',
    { source: { ...status().source, state: 'last-good', reason: 'the API server answered 503' } },
    ['the API server answered 503', 'The nodes keep what was read last'],
  ],
  [
    'no term',
    { standing: 'no-term', standingReason: 'the term store answered 403' },
    ['No term could begin yet', 'the term store answered 403', 'syncctl doctor'],
  ],
  [
    'a rival',
    { standing: 'rival', standingReason: 'epoch 9 of writer ffff0000' },
    ['Another controller writes', 'epoch 9 of writer ffff0000', 'syncctl term take'],
  ],
  [
    'a pause',
    { standing: 'paused', standingReason: 'paused by ada' },
    ['Pushing is paused', 'paused by ada'],
  ],
  [
    'a damaged store',
    { store: { reason: 'durable.db is damaged', remedy: 'syncctl restore' } },
    ['durable.db is damaged', 'syncctl restore'],
  ],
  [
    'its own network',
    { ownNetwork: { evidence: 'all nodes fell silent at once', since: '2026-01-01T00:00:00Z' } },
    ['all nodes fell silent at once'],
  ],
  [
    'a freeze to come',
    {
      windows: [
        {
          scope: 'all',
          what: 'all nodes',
          who: 'ada',
          why: 'holiday',
          since: '2026-01-01T00:00:00Z',
          from: '2026-12-24T00:00:00Z',
          until: '2026-12-27T00:00:00Z',
          end: 'syncctl unfreeze --all',
        },
      ],
    },
    ['from 2026-12-24', 'syncctl unfreeze --all'],
  ],
] as const;
