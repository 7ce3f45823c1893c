import { createHash } from 'node:crypto';
import { diffLines } from 'diff';
import * as z from 'zod';
import type { Node } from '../../model/node.ts';
import type { TakeoverPort } from './node-port.ts';
import type { AdoptionStep, StepResult } from './step.ts';
import { done } from './step.ts';
import { checkoutsOf, type NodeSurvey, type SurveyedFile } from './survey.ts';

const fileBefore = z.object({
  kind: z.string(),
  path: z.string(),
  like: z.string(),
  sha: z.string(),
  text: z.string().optional(),
});
const nodeBefore = z.object({
  files: z.array(fileBefore),
  scripts: z.array(z.object({ path: z.string(), armed: z.boolean() })),
  receiver: z.boolean(),
});
type NodeBefore = z.output<typeof nodeBefore>;

/** One node changes hands: what it holds is kept, its old scripts are disarmed, the receiver is installed. A push follows for all. */
export function nodeStep(node: Node, port: TakeoverPort, signal: AbortSignal): AdoptionStep {
  const { name } = node;
  return {
    id: `node ${node.id}`,
    what: `${name}: keep what it holds, disarm the old scripts, install the receiver`,
    undo: 'sudo syncctl adopt --undo',
    look: async () => {
      const seen = await port.survey(node, signal);
      return seen.ok ? beforeOf(seen.survey) : null;
    },
    run: (before) => adoptNode(node, before, { port, signal }),
    stands: async () => {
      const seen = await port.survey(node, signal);
      // A node that is away now has been adopted all the same.
      return !seen.ok || (seen.survey.receiver && seen.survey.scripts.every(({ armed }) => !armed));
    },
    revert: (before) => revertNode(node, before, { port, signal }),
  };
}

function beforeOf({ files, scripts, receiver }: NodeSurvey): NodeBefore {
  return {
    files: files.map(({ kind, path, like, sha, text }) => ({ ...{ kind, path, like, sha }, text })),
    scripts: scripts.map(({ path, armed }) => ({ path, armed })),
    receiver,
  };
}

interface Ground {
  readonly port: TakeoverPort;
  readonly signal: AbortSignal;
}

async function adoptNode(node: Node, before: unknown, { port, signal }: Ground): Promise<StepResult> {
  // Nothing is changed on a node of which nobody knows what it held.
  if (!nodeBefore.safeParse(before).success) {
    const seen = await port.survey(node, signal);
    const why = seen.ok ? 'it answers now' : `${seen.cause}: ${seen.evidence}`;
    return { result: 'waits', remark: why };
  }
  const disarmed = await port.send(
    node,
    { action: 'disarm', login: node.sshUser, checkouts: checkoutsOf(node) },
    signal,
  );
  if (!disarmed.ok) return { result: 'waits', remark: `${disarmed.cause}: ${disarmed.evidence}` };
  const installed = await port.install(node, signal);
  return installed.ok ? done : { result: 'waits', remark: `${installed.cause}: ${installed.evidence}` };
}

/** Files first, then the scripts that would write them, then the receiver. */
async function revertNode(node: Node, before: unknown, ground: Ground): Promise<StepResult> {
  const parsed = nodeBefore.safeParse(before);
  if (!parsed.success) return { result: 'done', remark: 'nothing was changed on it' };
  const { files, scripts, receiver } = parsed.data;
  const { port, signal } = ground;
  const seen = await port.survey(node, signal);
  if (!seen.ok) return { result: 'waits', remark: `${seen.cause}: ${seen.evidence}` };
  const remarks: string[] = [];
  for (const file of files) {
    const now = seen.survey.files.find(({ path }) => path === file.path);
    const failed = await restoreFile(node, { file, now, remarks }, ground);
    if (failed !== undefined) return { result: 'waits', remark: failed };
  }
  const armed = scripts.filter((script) => script.armed).map(({ path }) => path);
  if (armed.length > 0) {
    const rearmed = await port.send(node, { action: 'rearm', login: node.sshUser, scripts: armed }, signal);
    if (!rearmed.ok) return { result: 'waits', remark: `${rearmed.cause}: ${rearmed.evidence}` };
  }
  if (!receiver) {
    const gone = await port.uninstall(node, signal);
    if (!gone.ok) return { result: 'waits', remark: `${gone.cause}: ${gone.evidence}` };
  }
  return remarks.length === 0 ? done : { result: 'done', remark: remarks.join('; ') };
}

/** @returns why it could not be put back. */
async function restoreFile(
  node: Node,
  what: {
    readonly file: z.output<typeof fileBefore>;
    readonly now: SurveyedFile | undefined;
    readonly remarks: string[];
  },
  { port, signal }: Ground,
): Promise<string | undefined> {
  const { file, now, remarks } = what;
  if (now === undefined || file.text === undefined) return undefined;
  const text =
    file.kind === 'hosts' && file.like !== 'absent' ? mergedHosts(file.text, now.text ?? '') : file.text;
  if (text !== file.text) remarks.push(`lines that were added to ${file.path} since are kept`);
  const bytes = Buffer.from(file.like === 'absent' ? '' : text);
  const sha = createHash('sha256').update(bytes).digest('hex');
  if (now.like === file.like && (now.sha === sha || file.like === 'absent')) return undefined;
  const restored = await port.send(
    node,
    { action: 'restore', login: node.sshUser, path: file.path, base: now.sha, like: file.like, bytes, sha },
    signal,
  );
  return restored.ok ? undefined : `${restored.cause}: ${restored.evidence}`;
}

const ownBlock = /^# BEGIN sync-controller [^\n]*\n[\s\S]*?^# END sync-controller [^\n]*\n/gmu;

/** The hosts file of before, with the lines that somebody has added since. Ours are no such lines. */
export function mergedHosts(before: string, now: string): string {
  const foreign = now.replaceAll(ownBlock, '');
  return diffLines(before.replaceAll(ownBlock, ''), foreign).some(({ added }) => added)
    ? diffLines(before, foreign)
        .map(({ value }) => value)
        .join('')
    : before;
}
