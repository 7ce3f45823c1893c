import type { SessionReport } from '../../contract/session.ts';

const order: readonly SessionReport['role'][] = ['viewer', 'operator', 'admin', 'owner'];

/** True where one role includes the other. The API decides; this only leaves out buttons that would be refused. */
export function may(role: SessionReport['role'] | undefined, wanted: SessionReport['role']): boolean {
  return role !== undefined && order.indexOf(role) >= order.indexOf(wanted);
}
