import { Component, type JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { verdictOf } from '../../contract/verdict.ts';
import { post, postStreamed } from '../api.ts';
import { countsOf, everything, shown, type NodeFilter, type NodeKind } from '../model/node-filter.ts';
import type { FleetState, NodeRow } from '../model/fleet-state.ts';
import { hashOf } from '../model/place.ts';
import { counted, meaningOf, kindWords, typeWord } from '../model/words.ts';
import { Action } from '../parts/action.tsx';
import { Ago } from '../parts/ago.tsx';
import { Command } from '../parts/command.tsx';
import { Heading } from '../parts/heading.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Notices } from '../parts/notices.tsx';
import { NodeMark, signOf, StateSign } from '../parts/state-mark.tsx';
import { holdChoices, untilOf } from './hold.ts';

const kinds: readonly NodeKind[] = ['active', 'waiting', 'pending_sync', 'error', 'unknown'];
/** Kinds that are there only now and then. */
const rare: readonly NodeKind[] = ['waiting', 'unknown'];

/** The whole fleet at a glance. */
export function Fleet({ fleet }: { readonly fleet: FleetState }): JSX.Element {
  const verdict = verdictOf({ ...fleet.controller, nodes: [...fleet.nodes.values()] });
  return (
    <>
      <Heading tone={verdict.tone} text={verdict.sentence} />
      <FleetButtons />
      <Notices controller={fleet.controller} />
      {fleet.nodes.size === 0 ? <NoNodes fleet={fleet} /> : <Nodes fleet={fleet} />}
    </>
  );
}

function FleetButtons(): JSX.Element {
  return (
    <p class="buttons">
      <Action
        label="Check all now"
        role="operator"
        reason="wanted"
        text="Looks at every node, repairs what somebody else changed, and tries the pending ones again."
        done="Every node was looked at."
        run={({ actor }) => postStreamed('reconcile', { actor })}
      />
      <Action
        label="Pause all"
        role="operator"
        reason="wanted"
        text="Nothing is pushed to any node until somebody resumes it."
        done="Pushing is paused."
        run={({ actor }) => post('pause', { actor })}
      />
      <Action
        label="Freeze all"
        role="operator"
        reason="wanted"
        choices={holdChoices}
        text="Nothing is pushed to any node for a time; it goes on by itself."
        done="The fleet is frozen."
        run={({ actor, choice }) =>
          post('freeze', { scope: { nodes: [], all: true }, until: untilOf(choice), actor })
        }
      />
    </p>
  );
}

function NoNodes({ fleet: { controller } }: { readonly fleet: FleetState }): JSX.Element {
  return (
    <section class="empty">
      <h2>How a first node is added</h2>
      <p>
        On the controller, with the address and the login of the node. It shows the fingerprint of the node,
        installs the receiver and proves all of it by a push:
      </p>
      <Command text="sudo syncctl node add <address> --type vps --user <login> --name <name>" />
      <p>
        Types are vps, laptop, worker, dnsmasq and caddy. The registries are read from{' '}
        {controller.source.location}; a node that is written there by hand appears here by itself.
      </p>
    </section>
  );
}

function Nodes({ fleet: { nodes } }: { readonly fleet: FleetState }): JSX.Element {
  const [filter, setFilter] = useState<NodeFilter>(everything);
  const rows = useMemo(() => shown(nodes.values(), filter), [nodes, filter]);
  return (
    <section aria-label="Nodes">
      <Tiles {...{ nodes, filter, setFilter }} />
      <Filters {...{ nodes, filter, setFilter }} found={rows.length} />
      {rows.length === 0 ? (
        <p class="empty">
          No node matches.{' '}
          <button
            type="button"
            onClick={() => {
              setFilter(everything);
            }}
          >
            Show all
          </button>
        </p>
      ) : (
        <LongList items={rows} keyOf={({ node }) => node}>
          {(node) => <Row node={node} />}
        </LongList>
      )}
    </section>
  );
}

interface FilterProps {
  readonly nodes: FleetState['nodes'];
  readonly filter: NodeFilter;
  readonly setFilter: (filter: NodeFilter) => void;
}

/** How many are in each state; pressed, only those are shown. */
function Tiles({ nodes, filter, setFilter }: FilterProps): JSX.Element {
  const counts = useMemo(() => countsOf(nodes.values()), [nodes]);
  const toggle = (kind: NodeKind): void => {
    setFilter({ ...filter, kind: filter.kind === kind ? undefined : kind });
  };
  return (
    <div class="tiles" role="group" aria-label="Nodes by state">
      {kinds.map((kind) =>
        counts[kind] === 0 && rare.includes(kind) ? null : (
          <button
            type="button"
            class={`tile ${signOf(kind)}`}
            aria-pressed={filter.kind === kind}
            key={kind}
            onClick={() => {
              toggle(kind);
            }}
          >
            <StateSign state={signOf(kind)} /> <span class="count">{counts[kind]}</span>{' '}
            <span>{kindWords[kind]}</span>
          </button>
        ),
      )}
    </div>
  );
}

function Filters({ nodes, filter, setFilter, found }: FilterProps & { readonly found: number }): JSX.Element {
  const types = useMemo(() => [...new Set([...nodes.values()].map(({ type }) => type))].sort(), [nodes]);
  return (
    <div class="filters">
      <label class="grow">
        <span class="hidden">Find a node by name, address, cause or evidence</span>
        <input
          type="search"
          placeholder="Find by name, address, cause …"
          value={filter.text}
          onInput={(event) => {
            setFilter({ ...filter, text: event.currentTarget.value });
          }}
        />
      </label>
      <label>
        <span class="hidden">Type</span>
        <select
          value={filter.type ?? ''}
          onChange={(event) => {
            setFilter({ ...filter, type: event.currentTarget.value || undefined });
          }}
        >
          <option value="">All types</option>
          {types.map((type) => (
            <option value={type} key={type}>
              {typeWord(type)}
            </option>
          ))}
        </select>
      </label>
      <span class="quiet" role="status">
        {found === nodes.size
          ? counted(nodes.size, 'node')
          : `${String(found)} of ${counted(nodes.size, 'node')}`}
      </span>
    </div>
  );
}

/** Drawn again only when its node has changed: a thousand of them are on the page. */
class Row extends Component<{ readonly node: NodeRow }> {
  override shouldComponentUpdate(next: { readonly node: NodeRow }): boolean {
    return next.node !== this.props.node;
  }

  override render({ node }: { readonly node: NodeRow }): JSX.Element {
    const { state, name, type, address, cause, evidence, since, verified, waits } = node;
    return (
      <a class="row" href={hashOf({ view: 'node', node: node.node })}>
        <NodeMark node={node} />
        <span class="row-name">{name}</span>
        <span class="quiet">
          {typeWord(type)} · {address}
        </span>
        <span class="row-why">
          {cause === null ? (
            (waits ?? (state === 'active' && !verified ? 'not verified since the start' : ''))
          ) : (
            <>
              <strong>{meaningOf(cause)}</strong> {evidence}
            </>
          )}
        </span>
        <span class="quiet row-since">
          <Ago at={since} />
        </span>
      </a>
    );
  }
}
