import type { DoctorPorts } from '../../compose/doctor-ports.ts';
import { loginTo } from '../doctor/mends.ts';
import type { Admin, EnrolPort } from '../enrol-port.ts';
import { perHost, type UpgradeStep } from './plan.ts';

/** What became of a node: `upgraded` is proved by the answer of the new receiver itself. */
export interface Upgraded extends UpgradeStep {
  readonly result: 'upgraded' | 'unchanged' | 'failed';
}

export interface UpgradeGround {
  readonly ports: DoctorPorts;
  readonly enrol: EnrolPort;
  readonly admin: Admin;
  readonly ours: string;
  readonly signal: AbortSignal;
  readonly onNode: (done: Upgraded) => void;
}

const folder = '/usr/local/lib/sync-controller';

/** Carries the plan out: each node under its own lock, whatever becomes of the others. */
export async function carryOut(
  steps: readonly UpgradeStep[],
  ground: UpgradeGround,
): Promise<readonly Upgraded[]> {
  const byNode = new Map(steps.map((step) => [step.node, step]));
  return perHost([...byNode.keys()], async (node) => {
    const step = byNode.get(node);
    if (step === undefined) throw new Error(`${node.id}: expected a step, got none`);
    const done = step.action === 'upgrade' ? await upgradeOne(step, ground) : left(step);
    ground.onNode(done);
    return done;
  });
}

/** What the plan leaves alone has failed only where it is older, or where nobody knows. */
function left(step: UpgradeStep): Upgraded {
  return { ...step, result: step.action === 'keep' ? 'unchanged' : 'failed' };
}

async function upgradeOne(step: UpgradeStep, ground: UpgradeGround): Promise<Upgraded> {
  const { ports, enrol, admin, ours, signal } = ground;
  const failed = (cause: string, evidence: string): Upgraded => ({
    ...step,
    result: 'failed',
    cause,
    evidence,
  });
  const installed = await enrol.install(step.node, { flags: [], admin }, signal);
  if (!installed.ok) return failed(installed.cause, installed.evidence);
  const seen = await ports.look(step.node, signal);
  if (!seen.ok) return failed(seen.cause, seen.evidence);
  if (seen.facts.receiver !== ours)
    return failed('receiver_outdated', `expected receiver ${ours} to answer, got ${seen.facts.receiver}`);
  return { ...step, result: 'upgraded' };
}

/** The line that makes the former receiver the one that answers again; it stays on the node beside the new one. */
export function undoLine({ node, from }: UpgradeStep): string | undefined {
  if (from === undefined) return undefined;
  const turn = `sudo ln -sfnT receive-${from} ${folder}/.receive.back && sudo mv -fT ${folder}/.receive.back ${folder}/receive`;
  return `ssh ${loginTo(node)} '${turn}'`;
}
