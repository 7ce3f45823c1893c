import { createTwoFilesPatch } from 'diff';
import { veil } from '../lib/veil.ts';
import type { Bundle } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { NodeDiff } from '../model/plan.ts';

// Beyond this a diff helps nobody, and the search for the shortest one grows with the square of the edits.
const maxEdits = 4_000;
const maxLines = 400;

/** Unified diff from what a node holds to what it should hold, without secrets; empty where they are equal. */
export function diffBundle(bundle: Bundle, content: string): string {
  return content === bundle.bytes ? '' : veil(patchOf(bundle, content));
}

function patchOf(bundle: Bundle, content: string): string {
  const patch = createTwoFilesPatch(
    `${bundle.kind} on the node`,
    `${bundle.kind} planned`,
    content,
    bundle.bytes,
    undefined,
    undefined,
    {
      context: 2,
      maxEditLength: maxEdits,
    },
  );
  if (patch === undefined) return summary(bundle, content);
  // The first line is a row of equal signs, which says nothing here.
  const lines = patch.split('\n').slice(1);
  if (lines.length <= maxLines) return lines.join('\n');
  return `${lines.slice(0, maxLines).join('\n')}\n… ${String(lines.length - maxLines)} more lines\n`;
}

function summary(bundle: Bundle, content: string): string {
  const count = (text: string): string => String(text.split('\n').length - 1);
  return `--- ${bundle.kind} on the node: ${count(content)} lines\n+++ ${bundle.kind} planned: ${count(bundle.bytes)} lines\n… too different to show line by line\n`;
}

/** Nodes that differ from their plan in the same way. */
export interface DiffGroup {
  readonly state: NodeDiff['state'];
  readonly reason: string | undefined;
  readonly diff: string;
  readonly ids: readonly NodeId[];
}

/** Groups nodes by identical difference, the largest group first, so that a page of output covers a fleet. */
export function groupDiffs(diffs: readonly NodeDiff[]): readonly DiffGroup[] {
  const groups = Map.groupBy(diffs, ({ state, reason, diff }) =>
    JSON.stringify([state, reason ?? null, diff]),
  );
  return [...groups.values()]
    .flatMap((members) => {
      const [first] = members;
      if (first === undefined) return [];
      return {
        state: first.state,
        reason: first.reason,
        diff: first.diff,
        ids: members.map((member) => member.id),
      };
    })
    .sort((a, b) => b.ids.length - a.ids.length);
}
