import type { Node } from '../../model/node.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { warning } = findingsOf('login');
const limit = 30;

/** By how many seconds the clock of a node is ahead of ours. */
export interface Skew {
  readonly node: Node;
  readonly seconds: number;
}

/** Clocks that differ from ours. Where every node differs by the same, ours is the wrong one. */
export function clockFindings(skews: readonly Skew[]): readonly DoctorFinding[] {
  const wrong = skews.filter(({ seconds }) => Math.abs(seconds) > limit);
  const all = wrong.map(({ seconds }) => seconds);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  if (wrong.length > 1 && wrong.length === skews.length && most - least <= limit)
    return [
      warning(
        'this machine',
        `its clock is ${apart(-least)} those of all nodes`,
        'sudo timedatectl set-ntp true',
      ),
    ];
  return wrong.map(({ node, seconds }) =>
    warning(node.name, `its clock is ${apart(seconds)} ours`, 'on the node: sudo timedatectl set-ntp true'),
  );
}

function apart(seconds: number): string {
  return `${String(Math.abs(seconds))} s ${seconds > 0 ? 'ahead of' : 'behind'}`;
}
