import type { Node } from '../../model/node.ts';
import { factsOf } from '../../model/node-types.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { writerText } from './foreign-writers.ts';

const { skipped, warning } = findingsOf('node-writers');

/** Who else writes our files on the nodes: the predecessor's tools, or a program of the system. */
export const nodeWritersCheck: Check = {
  name: 'node-writers',
  perNode: true,
  run: async (ground) => (await Promise.all(ground.nodes.map((node) => writersOn(node, ground)))).flat(),
};

async function writersOn(node: Node, { ports, signal }: DoctorGround): Promise<readonly DoctorFinding[]> {
  const seen = await ports.survey(node, signal);
  // What the way to the node lacks is told by the check of the login.
  if (!seen.ok) return seen.held ? [skipped(node.name, 'our key may only run the receiver there')] : [];
  const { writers, scripts, callers } = seen.survey;
  const isHosts = factsOf(node.type).kind === 'hosts';
  return [
    ...(isHosts ? writers : []).map((writer) => {
      const { message, remedy } = writerText(writer);
      return warning(node.name, `foreign_writer: ${message}`, `on ${node.name}: ${remedy}`);
    }),
    ...scripts
      .filter(({ armed }) => armed)
      .map(({ path }) =>
        warning(
          node.name,
          `legacy_writer: the predecessor's ${path} would write what we write`,
          'sudo syncctl adopt',
        ),
      ),
    ...callers.map((path) =>
      warning(
        node.name,
        `legacy_writer: ${path} calls the predecessor's scripts by itself`,
        `on ${node.name}: remove that line from ${path}`,
      ),
    ),
  ];
}
