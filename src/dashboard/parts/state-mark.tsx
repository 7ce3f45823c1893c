import type { JSX } from 'preact';
import type { NodeRow, NodeState } from '../model/fleet-state.ts';
import { kindOf, type NodeKind } from '../model/node-filter.ts';
import { kindWords } from '../model/words.ts';
import type { Tone } from '../../contract/verdict.ts';

/** Each state has a shape of its own: nobody has to tell red from green. */
const shapes: Readonly<Record<NodeState, JSX.Element>> = {
  active: (
    <>
      <circle cx="8" cy="8" r="7" class="fill" />
      <path d="M4.8 8.2l2.3 2.3 4.2-4.7" class="cut" />
    </>
  ),
  pending_sync: (
    <>
      <circle cx="8" cy="8" r="6.2" class="line" />
      <path d="M8 4.4V8l2.4 1.6" class="line" />
    </>
  ),
  error: (
    <>
      <path d="M8 .8l7.2 7.2L8 15.2.8 8z" class="fill" />
      <path d="M8 4.6v4.2M8 11.2v.2" class="cut" />
    </>
  ),
  unknown: <circle cx="8" cy="8" r="6.2" class="line dashed" />,
};

const toneShapes: Readonly<Record<Tone, NodeState>> = {
  good: 'active',
  busy: 'pending_sync',
  bad: 'error',
  idle: 'unknown',
};

/** The sign of a state alone; its word stands beside it. */
export function StateSign({ state }: { readonly state: NodeState }): JSX.Element {
  return (
    <svg class={`sign ${state}`} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[state]}
    </svg>
  );
}

export function ToneSign({ tone }: { readonly tone: Tone }): JSX.Element {
  return <StateSign state={toneShapes[tone]} />;
}

/** The sign of a kind: what waits for its turn shows the clock. */
export function signOf(kind: NodeKind): NodeState {
  return kind === 'waiting' ? 'pending_sync' : kind;
}

/** Sign and word of a node. */
export function NodeMark({ node }: { readonly node: NodeRow }): JSX.Element {
  const kind = kindOf(node);
  return (
    <span class={`state ${signOf(kind)}`}>
      <StateSign state={signOf(kind)} />
      {kindWords[kind]}
    </span>
  );
}
