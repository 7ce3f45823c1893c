import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Because, ServiceList, WhyNode, WhyReport } from '../../contract/insight.ts';
import { get } from '../api.ts';
import type { FleetState, NodeState } from '../model/fleet-state.ts';
import { hashOf } from '../model/place.ts';
import { moment, revisionName, typeWord } from '../model/words.ts';
import { Command, Remedy } from '../parts/command.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { StateSign } from '../parts/state-mark.tsx';

/** The services: under which names, through which nodes, and whether they are there. */
export function Services({
  fleet,
  service,
}: {
  readonly fleet: FleetState;
  readonly service: string | undefined;
}): JSX.Element {
  // The map of nodes is another one whenever a node has changed.
  return service === undefined ? (
    <All beat={fleet.nodes} />
  ) : (
    <One beat={fleet.nodes} service={service} key={service} />
  );
}

function All({ beat }: { readonly beat: unknown }): JSX.Element {
  const [text, setText] = useState('');
  return (
    <>
      <h1>Services</h1>
      <Loaded<ServiceList> load={() => get('services')} on={[]} beat={beat} what="the services">
        {({ services }) =>
          services.length === 0 ? (
            <section class="empty">
              <p>No service is registered yet. On the controller:</p>
              <Command text="sudo syncctl service discover" />
              <Command text="sudo syncctl service register <name> --ip <address> --port <port>" />
            </section>
          ) : (
            <>
              <div class="filters">
                <label class="grow">
                  <span class="hidden">Find a service by name, host or target</span>
                  <input
                    type="search"
                    placeholder="Find by name, host, target …"
                    value={text}
                    onInput={(event) => {
                      setText(event.currentTarget.value);
                    }}
                  />
                </label>
              </div>
              <ul class="rows">
                {found(services, text).map((one) => (
                  <ServiceRow one={one} key={one.name} />
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function found(services: ServiceList['services'], text: string): ServiceList['services'] {
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  return services
    .filter(({ name, target, internal, outside }) =>
      words.every((word) =>
        [name, target ?? '', ...internal, ...outside].join(' ').toLowerCase().includes(word),
      ),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function ServiceRow({
  one: { name, target, public: isPublic, internal, outside, nodes, current },
}: {
  readonly one: ServiceList['services'][number];
}): JSX.Element {
  const state: NodeState = nodes === 0 ? 'unknown' : current === nodes ? 'active' : 'pending_sync';
  return (
    <li>
      <a class="row service" href={hashOf({ view: 'services', service: name })}>
        <span class={`state ${state}`}>
          <StateSign state={state} /> {nodes === 0 ? 'on no node' : `${String(current)} of ${String(nodes)}`}
        </span>
        <span class="row-name">
          {name} <span class="badge">{isPublic ? 'public' : 'private'}</span>
        </span>
        <span class="row-why hosts">{[...outside, ...internal].join(' ') || 'no name is served'}</span>
        <span class="quiet">{target ?? 'no address yet'}</span>
      </a>
    </li>
  );
}

const signs: Readonly<Record<WhyNode['state'], readonly [NodeState, string]>> = {
  live: ['active', 'live'],
  missing: ['error', 'missing'],
  leftover: ['pending_sync', 'still there'],
  unknown: ['unknown', 'unknown'],
  'not-meant': ['unknown', 'not meant'],
};

function One({ beat, service }: { readonly beat: unknown; readonly service: string }): JSX.Element {
  return (
    <>
      <p class="trail">
        <a href="#/services">Services</a>
      </p>
      <h1>{service}</h1>
      <Loaded<WhyReport>
        load={() => get('services/why', { service })}
        on={[service]}
        beat={beat}
        what="where it is live"
      >
        {(report) => <Where report={report} />}
      </Loaded>
    </>
  );
}

function Where({
  report: { registered, hosts, because, nodes },
}: {
  readonly report: WhyReport;
}): JSX.Element {
  const meant = nodes.filter(({ state }) => state !== 'not-meant');
  const live = meant.filter(({ state }) => state === 'live').length;
  return (
    <>
      <p class="lead" aria-live="polite">
        {registered ? '' : 'It is not registered any more. '}
        {meant.length === 0
          ? 'No node is meant to serve it.'
          : live === meant.length
            ? `Live on all ${String(live)} nodes that are meant to serve it.`
            : `Live on ${String(live)} of ${String(meant.length)} nodes that are meant to serve it.`}
      </p>
      <dl class="facts">
        <div>
          <dt>Names</dt>
          <dd class="hosts">
            {hosts.length === 0 ? '–' : hosts.map((host) => <code key={host}>{host}</code>)}
          </dd>
        </div>
        {because === null ? null : (
          <Since because={because} word={registered ? 'As it is since' : 'Gone since'} />
        )}
      </dl>
      <h2>Nodes</h2>
      <ul class="rows">
        {[...nodes]
          .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
          .map((node) => (
            <Place node={node} key={node.node} />
          ))}
      </ul>
    </>
  );
}

function Since({ because, word }: { readonly because: Because; readonly word: string }): JSX.Element {
  return (
    <div>
      <dt>{word}</dt>
      <dd>
        {because.revision === null ? (
          'an edit that is not filed yet'
        ) : (
          <a href={hashOf({ view: 'timeline', revision: because.revision })}>
            {because.oldest ? 'before ' : ''}
            {revisionName(because.revision)}
          </a>
        )}
        {because.at === null ? '' : `, ${moment(because.at)}`}
        {because.who === null ? '' : ` by ${because.who}`}
        {because.why === null ? '' : `: ${because.why}`}
      </dd>
    </div>
  );
}

const order: readonly WhyNode['state'][] = ['missing', 'unknown', 'leftover', 'live', 'not-meant'];

function Place({
  node: { node, name, type, state, hosts, since, reason, remedy },
}: {
  readonly node: WhyNode;
}): JSX.Element {
  const [sign, word] = signs[state];
  return (
    <li class="row place">
      <span class={`state ${sign}`}>
        <StateSign state={sign} /> {word}
      </span>
      <a class="row-name" href={hashOf({ view: 'node', node })}>
        {name}
      </a>
      <span class="quiet">{typeWord(type)}</span>
      <span class="row-why">
        {reason === '' ? hosts.join(' ') : reason} {remedy === null ? null : <Remedy text={remedy} />}
      </span>
      <span class="quiet row-since">{since === null ? '' : moment(since)}</span>
    </li>
  );
}
