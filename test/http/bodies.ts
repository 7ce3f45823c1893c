import type { RouteName } from '../../src/contract/routes.ts';

const actor = { reason: 'test' };

/** A body, or a query, that each route takes; what is not here takes the empty one. */
export const bodies: Partial<Record<RouteName, unknown>> = {
  push: { takeOver: false, actor },
  plan: { offline: true },
  approve: { hash: 'abc' },
  removeNode: { node: 'a', abandon: false },
  restoreNode: { node: 'a' },
  revisions: { limit: 1 },
  revision: { word: 'R1' },
  revisionTexts: { number: 1, below: false },
  pushes: { limit: 1 },
  noteEdits: { edits: [] },
  why: { service: 'demo' },
  blame: { node: 'a' },
  abortRollout: { hold: false },
  freeze: { scope: { nodes: ['a'], all: false }, until: '2030-01-01T00:00:00Z' },
  unfreeze: { scope: { nodes: ['a'], all: false } },
  drift: { node: 'a', mode: 'observe' },
  notifyTest: { target: 'ops' },
  mintNodeToken: { node: 'a', now: false },
  mintToken: { name: 'x', role: 'admin' },
  revokeToken: { name: 'x' },
  node: { node: 'a' },
  previewEdit: { texts: { 'service-registry/services.json': '{}' } },
  rollback: { revision: 'R1', actor },
  audit: { limit: 1 },
};
