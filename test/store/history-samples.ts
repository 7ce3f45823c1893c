import type { NewPush, NewRevision } from '../../src/store/history/records.ts';

/** Services by name, as their registry has them. */
export function services(...names: readonly string[]): string {
  return JSON.stringify(
    Object.fromEntries(names.map((name) => [name, { ip: '100.64.0.9', port: 80 }])),
    null,
    2,
  );
}

/** A revision with the services of these names; its digest is made of them. */
export function revision(names: readonly string[], changes: Partial<NewRevision> = {}): NewRevision {
  return {
    digest: Buffer.from(names.join(' ')).toString('hex').padEnd(64, '0').slice(0, 64),
    at: '2026-01-01T00:00:00Z',
    source: 'directory /srv/registry',
    complete: true,
    findings: [],
    objects: [{ name: 'service-registry', uid: 'u', resourceVersion: '1', editors: {} }],
    texts: { 'service-registry/services.json': services(...names), 'domain-registry/routing.json': '{}' },
    plans: {},
    edits: [],
    ...changes,
  };
}

/** An outcome of one node. */
export function push(node: string, changes: Partial<NewPush> = {}): NewPush {
  return {
    node,
    name: node,
    kind: 'change',
    attempted: true,
    attempt: 1,
    digest: null,
    epoch: 7,
    writer: 'w',
    started: '2026-01-01T00:00:00Z',
    totalMs: 12,
    phases: { waitMs: 1, dialMs: 2, exchangeMs: 3, verifyMs: 4 },
    ok: true,
    changed: true,
    cause: null,
    evidence: '',
    desired: 'd1',
    installed: 'd1',
    rungs: ['digest', 'parsed'],
    notes: [],
    receipt: {
      mode: 'apply',
      result: 'INSTALLED',
      epoch: 7,
      seq: 3,
      before: 'd0',
      after: 'd1',
      receiverMs: 5,
    },
    state: 'active',
    who: null,
    why: null,
    ...changes,
  };
}
