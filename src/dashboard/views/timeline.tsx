import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PushRecord, RevisionDetail, RevisionList, RevisionSummary } from '../../contract/history.ts';
import { get } from '../api.ts';
import { changeLines } from '../model/change-lines.ts';
import type { FleetState } from '../model/fleet-state.ts';
import { hashOf } from '../model/place.ts';
import { counted, moment, revisionName } from '../model/words.ts';
import { Ago } from '../parts/ago.tsx';
import { Command } from '../parts/command.tsx';
import { Diff } from '../parts/diff.tsx';
import { PushList } from '../parts/history-list.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { StateSign } from '../parts/state-mark.tsx';
import { RollBack } from './roll-back.tsx';

const page = 50;

/** What was in force, newest first. */
export function Timeline({
  fleet,
  revision,
}: {
  readonly fleet: FleetState;
  readonly revision: number | undefined;
}): JSX.Element {
  const [limit, setLimit] = useState(page);
  return (
    <>
      <h1>Timeline</h1>
      <Loaded<RevisionList>
        load={() => get('history/revisions', { limit })}
        on={[limit]}
        beat={fleet.nodes}
        what="the revisions"
      >
        {({ revisions }) =>
          revisions.length === 0 ? (
            <section class="empty">
              <p>No revision was filed yet. The first one is, as soon as the registries were read.</p>
            </section>
          ) : (
            <>
              <ol class="timeline">
                {revisions.map((one, at) => (
                  <Revision one={one} newest={at === 0} open={one.number === revision} key={one.number} />
                ))}
              </ol>
              {revisions.length < limit ? null : (
                <button
                  type="button"
                  onClick={() => {
                    setLimit(limit + page);
                  }}
                >
                  Show older ones
                </button>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Revision({
  one,
  newest,
  open,
}: {
  readonly one: RevisionSummary;
  readonly newest: boolean;
  readonly open: boolean;
}): JSX.Element {
  const { number, at, who, why, summary, nodes, current, findings } = one;
  const everywhere = nodes > 0 && current === nodes;
  return (
    <li class={newest ? 'newest' : ''}>
      <a
        class="row revision"
        href={hashOf({ view: 'timeline', revision: open ? undefined : number })}
        aria-expanded={open}
      >
        <span class="row-name">{revisionName(number)}</span>
        <span class="row-why">
          {summary === '' ? 'the first one' : summary}
          {why === null ? '' : <em> {why}</em>}
        </span>
        <span class="quiet">{who ?? 'not known who'}</span>
        <span class="quiet">
          <StateSign state={everywhere ? 'active' : current > 0 ? 'pending_sync' : 'unknown'} /> held by{' '}
          {current} of {nodes}
          {findings === 0 ? '' : `, ${counted(findings, 'finding')}`}
        </span>
        <span class="quiet row-since">
          <Ago at={at} />
        </span>
      </a>
      {open ? <Detail number={number} newest={newest} /> : null}
    </li>
  );
}

function Detail({ number, newest }: { readonly number: number; readonly newest: boolean }): JSX.Element {
  return (
    <div class="detail">
      <Loaded<RevisionDetail>
        load={() => get('history/revision', { word: revisionName(number) })}
        on={[number]}
        what={revisionName(number)}
      >
        {(detail) => <Changes detail={detail} newest={newest} />}
      </Loaded>
      <h2>Pushes</h2>
      <Loaded<{ pushes: PushRecord[] }>
        load={() => get('history/pushes', { revision: number, limit: 50 })}
        on={[number]}
        what="its pushes"
      >
        {({ pushes }) => <PushList pushes={pushes} by="node" />}
      </Loaded>
    </div>
  );
}

function Changes({
  detail,
  newest,
}: {
  readonly detail: RevisionDetail;
  readonly newest: boolean;
}): JSX.Element {
  const { number } = detail;
  return (
    <>
      <p>
        {moment(detail.at)} from {detail.source}
        {detail.who === null ? '' : `, by ${detail.who}`}
        {detail.why === null ? '' : `: ${detail.why}`}
        {detail.complete ? '' : '. Parts of the registries could not be read then.'}
      </p>
      {newest ? null : <RollBack number={number} key={number} />}
      <h2>{detail.before === null ? 'What it held' : `What changed after ${revisionName(detail.before)}`}</h2>
      {detail.changes.length === 0 ? (
        <p class="quiet">Nothing is known to have changed.</p>
      ) : (
        detail.changes.map((change) => (
          <div class="change" key={change.path}>
            <p>
              <span class={`badge ${change.change}`}>{change.change}</span>{' '}
              <code class="path">{change.path}</code>
            </p>
            <Diff lines={changeLines(change)} label={`${change.change} ${change.path}`} />
          </div>
        ))
      )}
      <SetAside findings={detail.findings} />
      <p class="quiet">
        Against now: <Command text={`syncctl diff ${revisionName(number)}`} />
      </p>
    </>
  );
}

function SetAside({ findings }: Pick<RevisionDetail, 'findings'>): JSX.Element | null {
  if (findings.length === 0) return null;
  return (
    <>
      <h2>What was set aside</h2>
      <ul class="findings">
        {findings.map(({ path, message }) => (
          <li key={path + message}>
            <code class="path">{path}</code> {message}
          </li>
        ))}
      </ul>
    </>
  );
}
