import type { JSX } from 'preact';
import { post, postStreamed } from '../api.ts';
import type { ControllerPart } from '../model/fleet-state.ts';
import { counted, moment } from '../model/words.ts';
import { Action } from './action.tsx';
import { Remedy } from './command.tsx';
import { HoldList } from './hold-list.tsx';
import { Notice } from './notice.tsx';

/** What of the controller itself has to be known, the worst first. */
export function Notices({ controller }: { readonly controller: ControllerPart }): JSX.Element {
  return (
    <div class="notices">
      <Standing {...{ controller }} />
      <Source {...{ controller }} />
      <Findings {...{ controller }} />
      <Held {...{ controller }} />
      <Others {...{ controller }} />
      <Holds {...{ controller }} />
    </div>
  );
}

interface Part {
  readonly controller: ControllerPart;
}

function Standing({ controller: { standing, standingReason } }: Part): JSX.Element | null {
  switch (standing) {
    case 'rival':
      return <Rival reason={standingReason} />;
    case 'no-term':
      return (
        <Notice tone="bad" title="No term could begin yet, so nothing is pushed">
          <p>
            {standingReason === ''
              ? 'The term store does not answer. It is asked again and again.'
              : standingReason}
          </p>
          <Remedy text="syncctl doctor" />
        </Notice>
      );
    case 'reasserting':
      return (
        <Notice tone="busy" title="The term store does not answer">
          <p>
            {standingReason} What was last good is kept on the nodes; nothing new is pushed until it answers.
          </p>
        </Notice>
      );
    case 'paused':
      return (
        <Notice tone="idle" title="Pushing is paused">
          <p>{standingReason}</p>
          <p class="buttons">
            <ResumeAll />
          </p>
        </Notice>
      );
    case 'observing':
      return (
        <Notice tone="idle" title="This controller only observes: nothing is written to any node or registry">
          <p>{standingReason}</p>
          <Remedy text="syncctl adopt" />
        </Notice>
      );
    case 'writing':
      return null;
  }
}

function Rival({ reason }: { readonly reason: string }): JSX.Element {
  return (
    <Notice tone="bad" title="Another controller writes to the nodes, so this one has stopped">
      <p>{reason}</p>
      <p>Find out which one is to lead, and stop the other. To go on with this one:</p>
      <Remedy text={'syncctl term take --reason "…"'} />
      <p class="buttons">
        <Action
          label="Take the term"
          role="admin"
          tone="danger"
          reason="needed"
          text="Begins a new term over the other controller: from then on the nodes refuse what it sends."
          done="A new term has begun."
          run={({ actor }) => postStreamed('term/take', { actor })}
        />
      </p>
    </Notice>
  );
}

function ResumeAll(): JSX.Element {
  return (
    <Action
      label="Resume all"
      role="operator"
      reason="wanted"
      text="Ends every pause and freeze; nodes that are behind are pushed to at once."
      done="Pushing goes on."
      run={({ actor }) => post('resume', { actor })}
    />
  );
}

function Source({ controller: { source } }: Part): JSX.Element | null {
  if (source.state === 'fresh') return null;
  return (
    <Notice tone="bad" title="The registries cannot be read">
      <p>{source.reason ?? 'No reason was given.'}</p>
      <p>
        {source.state === 'last-good'
          ? 'The nodes keep what was read last; nothing is taken away because of this. It is tried again every few seconds.'
          : 'Nothing was ever read from them, so nothing is pushed.'}{' '}
        They are at {source.location}.
      </p>
      <Remedy text="syncctl doctor" />
    </Notice>
  );
}

function Findings({ controller: { findings } }: Part): JSX.Element | null {
  if (findings.length === 0) return null;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const title =
    errors === 0
      ? `${counted(findings.length, 'remark')} on the registries`
      : `${counted(errors, 'entry', 'entries')} of the registries ${errors === 1 ? 'is' : 'are'} set aside; the good ones flow`;
  return (
    <Notice tone={errors === 0 ? 'idle' : 'bad'} title={title}>
      <ul class="findings">
        {findings.slice(0, 50).map(({ path, message, remedy }) => (
          <li key={`${path} ${message}`}>
            <code class="path">{path}</code> <span>{message}</span> <Remedy text={remedy} />
          </li>
        ))}
      </ul>
      {findings.length > 50 ? <p>… and {findings.length - 50} more: syncctl validate</p> : null}
    </Notice>
  );
}

function Held({ controller: { held } }: Part): JSX.Element | null {
  if (held.length === 0) return null;
  return (
    <Notice tone="busy" title={`${counted(held.length, 'removal')} withheld until somebody approves`}>
      <ul>
        {held.map(({ hash, reason, names }) => (
          <li key={hash}>
            {reason} ({counted(names.length, 'name')})
          </li>
        ))}
      </ul>
      <p>
        <a href="#/plan">Look at the plan, then approve</a>
      </p>
    </Notice>
  );
}

function Others({ controller: { store, ownNetwork, orphans } }: Part): JSX.Element {
  return (
    <>
      {store === null || store === undefined ? null : (
        <Notice
          tone="bad"
          title="durable.db cannot be used: no pause, freeze, approval or pin can be made or ended"
        >
          <p>{store.reason}</p>
          <Remedy text={store.remedy} />
        </Notice>
      )}
      {ownNetwork === null || ownNetwork === undefined ? null : (
        <Notice tone="busy" title="It looks as if this machine were cut off, not its nodes">
          <p>
            {ownNetwork.evidence} (since {moment(ownNetwork.since)})
          </p>
        </Notice>
      )}
      {orphans.length === 0 ? null : (
        <Notice
          tone="bad"
          title={`The rows of ${counted(orphans.length, 'node')} are gone from the registry`}
        >
          <p>They are left as they are: {orphans.join(', ')}.</p>
          <Remedy text="syncctl node restore <node>" />
          <Remedy text="syncctl node remove <node>" />
        </Notice>
      )}
    </>
  );
}

function Holds({ controller: { holds = [], windows = [], standing } }: Part): JSX.Element | null {
  const all = [...holds, ...windows];
  if (all.length === 0) return null;
  return (
    <Notice tone="idle" title={`${counted(all.length, 'hold')} on pushing`}>
      <HoldList holds={all} />
      {standing === 'paused' ? null : (
        <p class="buttons">
          <ResumeAll />
        </p>
      )}
    </Notice>
  );
}
