import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PushRecord } from '../../contract/history.ts';
import type { HoldReport } from '../../contract/rollout-report.ts';
import type { BlameReport } from '../../contract/insight.ts';
import { get, post, postStreamed } from '../api.ts';
import { holdsOn, type FleetState, type NodeRow } from '../model/fleet-state.ts';
import { hashOf } from '../model/place.ts';
import { counted, meaningOf, moment, revisionName, typeWord } from '../model/words.ts';
import { Action } from '../parts/action.tsx';
import { Ago } from '../parts/ago.tsx';
import { Remedy } from '../parts/command.tsx';
import { PushList } from '../parts/history-list.tsx';
import { HoldList } from '../parts/hold-list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Notice } from '../parts/notice.tsx';
import { NodeMark } from '../parts/state-mark.tsx';
import { holdChoices, untilOf } from './hold.ts';

/** One node: how it is, why, and what to do. */
export function NodeView({ fleet, id }: { readonly fleet: FleetState; readonly id: string }): JSX.Element {
  const node = fleet.nodes.get(id) ?? [...fleet.nodes.values()].find(({ name }) => name === id);
  if (node === undefined)
    return (
      <section class="empty">
        <h1>No such node</h1>
        <p>
          {id} stands in no registry, or was removed. <a href="#/">Back to the fleet</a>
        </p>
      </section>
    );
  return (
    <>
      <p class="trail">
        <a href="#/">Fleet</a> / {typeWord(node.type)}
      </p>
      <h1>
        {node.name} <NodeMark node={node} />
      </h1>
      <NodeButtons node={node} fleet={fleet} />
      <Cause node={node} />
      <Held holds={holdsOn(node, fleet.controller)} />
      <Facts node={node} />
      <section aria-labelledby="history">
        <h2 id="history">History</h2>
        <Loaded<{ pushes: PushRecord[] }>
          load={() => get('history/pushes', { node: node.node, limit: 20 })}
          on={[node.node]}
          beat={node}
          what="the history of the node"
        >
          {({ pushes }) => <PushList pushes={pushes} by="revision" />}
        </Loaded>
      </section>
      <File node={node} />
    </>
  );
}

function NodeButtons({ node, fleet }: { readonly node: NodeRow; readonly fleet: FleetState }): JSX.Element {
  const own = holdsOn(node, fleet.controller).filter(({ scope }) => scope === node.node);
  const isFrozen = own.some(({ until }) => until !== null);
  return (
    <p class="buttons">
      <Action
        label="Push now"
        role="operator"
        tone="main"
        reason="wanted"
        text={`Brings ${node.name} to what the registries say, and verifies it.`}
        done={`${node.name} was pushed to.`}
        run={({ actor }) => postStreamed('push', { nodes: [node.node], takeOver: false, actor })}
      />
      {isFrozen ? (
        <Action
          label="Unfreeze"
          role="operator"
          reason="wanted"
          text={`Ends the freeze of ${node.name} before its time, and pushes what has gathered.`}
          done={`${node.name} goes on.`}
          run={({ actor }) => post('unfreeze', { scope: { nodes: [node.node], all: false }, actor })}
        />
      ) : own.length > 0 ? (
        <Action
          label="Resume"
          role="operator"
          reason="wanted"
          text={`Pushing to ${node.name} goes on.`}
          done={`${node.name} goes on.`}
          run={({ actor }) => post('resume', { node: node.node, actor })}
        />
      ) : (
        <HoldButtons node={node} />
      )}
    </p>
  );
}

function HoldButtons({ node }: { readonly node: NodeRow }): JSX.Element {
  return (
    <>
      <Action
        label="Pause"
        role="operator"
        reason="wanted"
        text={`Nothing is pushed to ${node.name} until somebody resumes it.`}
        done={`${node.name} is paused.`}
        run={({ actor }) => post('pause', { node: node.node, actor })}
      />
      <Action
        label="Freeze"
        role="operator"
        reason="wanted"
        choices={holdChoices}
        text={`Nothing is pushed to ${node.name} for a time; it goes on by itself.`}
        done={`${node.name} is frozen.`}
        run={({ actor, choice }) =>
          post('freeze', { scope: { nodes: [node.node], all: false }, until: untilOf(choice), actor })
        }
      />
    </>
  );
}

function Cause({
  node: { cause, evidence, remedy, state, since },
}: {
  readonly node: NodeRow;
}): JSX.Element | null {
  if (cause === null) return null;
  return (
    <Notice tone={state === 'error' ? 'bad' : 'busy'} title={capital(meaningOf(cause))} live>
      {evidence === '' ? null : <p class="evidence">{evidence}</p>}
      <p class="quiet">
        Class <code>{cause}</code>, since <Ago at={since} /> ({moment(since)})
      </p>
      {remedy === null ? null : (
        <p class="mend">
          <span>What mends it:</span> <Remedy text={remedy} />
        </p>
      )}
    </Notice>
  );
}

/** What keeps the node from being pushed to, also where it has nothing to wait for now. */
function Held({ holds }: { readonly holds: readonly HoldReport[] }): JSX.Element | null {
  if (holds.length === 0) return null;
  return (
    <Notice tone="idle" title={`${counted(holds.length, 'hold')} on pushing`}>
      <HoldList holds={holds} />
    </Notice>
  );
}

function Facts({ node }: { readonly node: NodeRow }): JSX.Element {
  const { address, type, since, lastSync, lastAttempt, rungs, verified, notes, waits } = node;
  const facts: readonly (readonly [string, JSX.Element | string])[] = [
    ['Address', address],
    ['Type', typeWord(type)],
    ['In this state since', <Ago at={since} />],
    ['Last verified', <Ago at={lastSync} />],
    ['Last attempt', <Ago at={lastAttempt} />],
    ['Verified by', verified ? rungs.join(' · ') || '–' : 'not verified now'],
    ...(waits === null || waits === undefined ? [] : [['Newest revision', waits] as const]),
    ...(notes.length === 0 ? [] : [['Notes', notes.join('; ')] as const]),
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function File({ node }: { readonly node: NodeRow }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>
        <h2>What it should hold, and whose edit put it there</h2>
      </summary>
      {open ? (
        <Loaded<BlameReport>
          load={() => get('node/blame', { node: node.node })}
          on={[node.node]}
          what="the file"
        >
          {({ lines }) => <Blame lines={lines} />}
        </Loaded>
      ) : null}
    </details>
  );
}

function Blame({ lines }: { readonly lines: BlameReport['lines'] }): JSX.Element {
  return (
    <div class="blame" role="group" aria-label="Lines of the file" tabIndex={0}>
      {lines.map(({ number, line, revision, who, why, at, oldest }) => (
        <div key={number}>
          {revision === null ? (
            <span class="from">now</span>
          ) : (
            <a
              class="from"
              href={hashOf({ view: 'timeline', revision })}
              title={`${oldest ? 'or older; ' : ''}${moment(at)}${who === null ? '' : ` by ${who}`}${why === null ? '' : `: ${why}`}`}
            >
              {oldest ? '≤' : ''}
              {revisionName(revision)}
              {who === null ? '' : ` ${who}`}
            </a>
          )}
          <code>{line}</code>
        </div>
      ))}
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
