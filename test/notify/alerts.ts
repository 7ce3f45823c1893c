import type { Alert, Message } from '../../src/notify/alert.ts';

/** An alert as the incidents make them. */
export function alertSample(changed: Partial<Alert> = {}): Alert {
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'Alert',
    incident: 'auth-000000000001',
    status: 'firing',
    cause: 'auth',
    summary: '12 nodes: the node refuses our key (auth)',
    nodes: ['vps-1', 'vps-2'],
    count: 12,
    evidence: 'Permission denied (publickey)',
    remedy: 'syncctl health',
    since: '2026-01-01T00:00:00Z',
    at: '2026-01-01T00:00:10Z',
    cluster: 'home',
    ...changed,
  };
}

/** The same on its way. */
export function messageSample(changed: Partial<Alert> = {}, lost = 0): Message {
  return { alert: alertSample(changed), lost };
}
