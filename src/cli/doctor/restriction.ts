import type { Node } from '../../model/node.ts';
import { rowWords } from '../node-types.ts';
import type { Restrictions } from '../restrictions.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, hint, warning } = findingsOf('restriction');
const parallel = 16;

/** What our key can do on every node: asked of the node itself, because what we noted may be long past. */
export const restrictionCheck: Check = {
  name: 'restriction',
  perNode: true,
  run: async (ground) => {
    const { restrictionsOf } = await import('../restrictions.ts');
    const known = await restrictionsOf(ground.settings);
    const waiting = [...ground.nodes];
    const findings: DoctorFinding[] = [];
    const worker = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
        findings.push(...(await look(node, ground, known)));
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return findings;
  },
};

async function look(
  node: Node,
  { ports, signal }: DoctorGround,
  known: Restrictions,
): Promise<readonly DoctorFinding[]> {
  const restriction = known.get(node.id);
  const outdated =
    restriction?.outdated === true
      ? [
          warning(
            node.name,
            'takes an earlier key of ours: a rotation is not finished',
            `syncctl node rotate-key ${node.name}`,
          ),
        ]
      : [];
  const held = await ports.held(node, signal);
  // Why a node does not answer is told by the check of the login.
  if (held === undefined) return outdated;
  if (held) return [ok(node.name, 'our key runs the receiver and nothing else'), ...outdated];
  const remedy = `syncctl node add ${rowWords(node)} --restrict`;
  if (restriction === undefined)
    return [hint(node.name, 'our key may do everything there; it needs the receiver alone', remedy)];
  return [
    warning(node.name, 'our key was restricted to the receiver and may do everything there now', remedy),
    ...outdated,
  ];
}
