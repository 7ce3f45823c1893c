import type { JSX } from 'preact';
import type { PushRecord } from '../../contract/history.ts';
import { hashOf } from '../model/place.ts';
import { duration, meaningOf, moment, revisionName } from '../model/words.ts';
import { StateSign } from './state-mark.tsx';

/** Outcomes of pushes, newest first. `by` is what each row is named after. */
export function PushList({
  pushes,
  by,
}: {
  readonly pushes: readonly PushRecord[];
  readonly by: 'node' | 'revision';
}): JSX.Element {
  if (pushes.length === 0) return <p class="empty">Nothing was pushed yet.</p>;
  return (
    <ul class="rows">
      {pushes.map((push) => (
        <PushRow push={push} by={by} key={push.number} />
      ))}
    </ul>
  );
}

function PushRow({ push, by }: { readonly push: PushRecord; readonly by: 'node' | 'revision' }): JSX.Element {
  const {
    ok,
    changed,
    cause,
    evidence,
    revision,
    node,
    name,
    last,
    times,
    totalMs,
    phases,
    rungs,
    who,
    why,
  } = push;
  const what = !ok ? meaningOf(cause) : changed ? 'installed and verified' : 'looked at, all as it should be';
  return (
    <li class="row push">
      <StateSign state={ok ? 'active' : 'error'} />
      <span>
        {by === 'node' ? (
          <a href={hashOf({ view: 'node', node })}>{name}</a>
        ) : revision === null ? (
          '–'
        ) : (
          <a href={hashOf({ view: 'timeline', revision })}>{revisionName(revision)}</a>
        )}
      </span>
      <span class="row-why">
        <strong>{what}</strong> {ok ? rungs.join(' · ') : evidence}
        {who === null ? '' : `, asked by ${who}`}
        {why === null ? '' : `: ${why}`}
        {times > 1 ? `, ${String(times)} times in a row` : ''}
      </span>
      <span
        class="quiet"
        title={`waited ${duration(phases.waitMs)}, dialled ${duration(phases.dialMs)}, exchanged ${duration(phases.exchangeMs)}, verified ${duration(phases.verifyMs)}`}
      >
        {duration(totalMs)}
      </span>
      <time class="quiet" dateTime={last}>
        {moment(last)}
      </time>
    </li>
  );
}
