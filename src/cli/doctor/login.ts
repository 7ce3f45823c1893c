import { causeOf, remedyFor, type CauseClass } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import { isOlder } from '../../lib/version.ts';
import { counted } from '../words.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { clockFindings, type Skew } from './clock.ts';
import { consumerFindings } from './consumer.ts';
import { meanings, mendFor } from './mends.ts';
import type { NodeLook } from '../../compose/doctor-ports.ts';

const { ok, warning, error } = findingsOf('login');
const parallel = 16;

/** Every node takes our key, shows its pinned host key, gives sudo, answers through the receiver, and its consumer is well. */
export const loginCheck: Check = {
  name: 'login',
  perNode: true,
  run: async (ground) => {
    const identity = await keyToGive(ground);
    const waiting = [...ground.nodes];
    const seen: Seen[] = [];
    const worker = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
        seen.push(await look(node, { ...ground, identity }));
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    const skews = seen.map(({ skew }) => skew).filter((skew) => skew !== undefined);
    return [...seen.flatMap(({ findings }) => findings), ...clockFindings(skews)];
  },
};

interface Seen {
  readonly findings: readonly DoctorFinding[];
  readonly skew?: Skew;
}

type LoginGround = DoctorGround & { readonly identity: string | undefined };

/** The key that a push uses: the first that is there. */
async function keyToGive({ host, ports }: DoctorGround): Promise<string | undefined> {
  for (const path of ports.identities) if ((await host.stat(path)) !== undefined) return path;
  return ports.identities[0];
}

async function look(node: Node, ground: LoginGround): Promise<Seen> {
  const seen = await ground.ports.look(node, ground.signal);
  if (!seen.ok) return { findings: [failed(node, named(seen, ground), ground.identity)] };
  const { receiver, clock, legacy } = seen.facts;
  const findings = [
    ok(node.name, `login, host key, sudo and receiver ${receiver} are well`),
    ...receiverFindings(node, receiver, await ground.ports.receiverVersion()),
    ...targetFindings(node, seen),
    ...(await consumerFindings(node, seen)),
    ...legacyFindings(node, legacy),
  ];
  return { findings, skew: { node, seconds: Math.round(clock - ground.clock.now() / 1000) } };
}

type Failed = NodeLook & { readonly ok: false };

/** A key that is pinned for another node: pinning it here, too, would hand this node's bytes to that one. */
function named(seen: Failed, { snapshot }: DoctorGround): Failed {
  const { cause, evidence, shownKey } = seen;
  if (shownKey === undefined || (cause !== 'hostkey_changed' && cause !== 'hostkey_unpinned')) return seen;
  const nodes = [...(snapshot?.nodes.values() ?? [])];
  const owner = nodes.find(({ hostKeys }) => hostKeys.some((pin) => pin.key === shownKey));
  if (owner === undefined) return seen;
  return { ...seen, cause: 'identity_mismatch', evidence: `${owner.name} answers here: ${evidence}` };
}

function failed(
  node: Node,
  { cause, evidence }: { cause: CauseClass; evidence: string },
  identity?: string,
): DoctorFinding {
  const { meaning, offline } = causeOf(cause);
  const message = `${meanings[cause] ?? meaning} (${cause}${evidence === '' ? '' : `: ${evidence}`})`;
  const remedy = mendFor(cause, node, { evidence, identity }) ?? remedyFor(cause, node);
  return offline ? warning(node.name, message, remedy) : error(node.name, message, remedy);
}

/** An older receiver goes on working; what it lacks is said nowhere else. */
function receiverFindings({ name }: Node, theirs: string, ours: string): readonly DoctorFinding[] {
  return isOlder(theirs, ours)
    ? [warning(name, `its receiver is ${theirs}, older than our ${ours}`, `syncctl upgrade ${name}`)]
    : [];
}

/** What stands in the target is ours, and is what was installed last. */
function targetFindings(
  node: Node,
  { owner, rungs, text }: NodeLook & { ok: true },
): readonly DoctorFinding[] {
  if (owner !== undefined) return [failed(node, { cause: 'owned', evidence: `by ${owner}` })];
  if (rungs['parsed'] === 'bad') return [failed(node, { cause: 'invalid_document', evidence: text })];
  return rungs['digest'] === 'bad' ? [failed(node, { cause: 'drift', evidence: '' })] : [];
}

function legacyFindings(node: Node, blocks: number): readonly DoctorFinding[] {
  return blocks === 0
    ? []
    : [
        warning(
          node.name,
          `legacy_writer: ${counted(blocks, 'block')} of older tools in the target`,
          `syncctl push ${node.name}; then remove the old scripts from cron and from the app installers`,
        ),
      ];
}
