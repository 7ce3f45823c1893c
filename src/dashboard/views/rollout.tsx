import type { JSX } from 'preact';
import type { RolloutReport } from '../../contract/rollout-report.ts';
import { post } from '../api.ts';
import type { FleetState } from '../model/fleet-state.ts';
import { movesOf, phaseWords, waitsFor } from '../model/rollout-words.ts';
import { counted, moment } from '../model/words.ts';
import { Action } from '../parts/action.tsx';
import { Ago } from '../parts/ago.tsx';
import { Remedy } from '../parts/command.tsx';
import { Heading } from '../parts/heading.tsx';
import { Notice } from '../parts/notice.tsx';

/** How the newest revision reaches the fleet, as it happens. */
export function RolloutView({ fleet }: { readonly fleet: FleetState }): JSX.Element {
  const { rollout } = fleet.controller;
  if (rollout === null || rollout === undefined) return <NoRollout />;
  const { tone, text } = phaseWords[rollout.phase];
  return (
    <>
      <Heading tone={tone} text={`Rollout ${String(rollout.number)} ${text}.`} />
      <RolloutButtons rollout={rollout} />
      <p aria-live="polite">{waitsFor(rollout)}</p>
      {rollout.note === '' ? null : <p>{rollout.note}</p>}
      <Batches rollout={rollout} />
      <Failing rollout={rollout} />
      <RolloutFacts rollout={rollout} />
    </>
  );
}

function NoRollout(): JSX.Element {
  return (
    <section class="empty">
      <h1>No rollout is under way</h1>
      <p>
        What went out, and who has it, stands in the <a href="#/timeline">timeline</a>.
      </p>
      <p>
        Without a policy a new revision goes to every node at once. With one it goes batch by batch, each
        watched before the next, and is taken back by itself where it fails. In the settings:
      </p>
      <pre tabIndex={0}>{'rollout:\n  batches: [1, 10%, 100%]\n  soakMs: 60000\n  maxFailed: 0'}</pre>
      <p>
        <code>sudo systemctl reload sync-controller</code> takes it over; it counts from the next revision on.
      </p>
    </section>
  );
}

function RolloutButtons({ rollout: { phase, onFailure } }: { readonly rollout: RolloutReport }): JSX.Element {
  const moves = movesOf(phase);
  return (
    <p class="buttons">
      {moves.pause ? (
        <Action
          label="Pause"
          role="operator"
          reason="wanted"
          text="No further batch is released; nodes that have their turn go on."
          done="The rollout is paused."
          run={({ actor }) => post('rollout/pause', { actor })}
        />
      ) : null}
      {moves.resume ? (
        <Action
          label="Resume"
          role="operator"
          tone="main"
          reason="wanted"
          text="The next batches are released as the policy says."
          done="The rollout goes on."
          run={({ actor }) => post('rollout/resume', { actor })}
        />
      ) : null}
      {moves.abort ? <Abort takesBack={onFailure === 'rollback'} /> : null}
      {moves.unpin ? (
        <Action
          label="Unpin"
          role="admin"
          reason="needed"
          text="The revision may be pushed again, from its first batch."
          done="The revision is no longer pinned."
          run={({ actor }) => post('rollout/unpin', { actor })}
        />
      ) : null}
    </p>
  );
}

/** Where the policy takes nothing back, an abort does not either. */
function Abort({ takesBack }: { readonly takesBack: boolean }): JSX.Element {
  return (
    <>
      {takesBack ? (
        <Action
          label="Take back"
          role="operator"
          tone="danger"
          reason="needed"
          text="Stops the rollout, pins the revision, and brings the last good one back to every node that has the new one."
          done="The revision is being taken back."
          run={({ actor }) => post('rollout/abort', { hold: false, actor })}
        />
      ) : null}
      <Action
        label="Stop here"
        role="operator"
        tone="danger"
        reason="needed"
        text="Stops the rollout and pins the revision; nodes that have it keep it."
        done="The rollout has stopped."
        run={({ actor }) => post('rollout/abort', { hold: true, actor })}
      />
    </>
  );
}

function Batches({ rollout: { batches, released } }: { readonly rollout: RolloutReport }): JSX.Element {
  return (
    <ol class="batches">
      {batches.map(({ nodes, verified, failed, unreachable, held, ailing = 0 }, at) => {
        const open = nodes - verified - failed - unreachable - held - ailing;
        const turn =
          at >= released ? 'waits for its turn' : verified === nodes ? 'all verified' : 'has its turn';
        const rest = [
          [failed, 'failed'],
          [unreachable, 'away'],
          [held, 'kept out'],
          [ailing, 'failed before'],
        ]
          .filter(([count]) => count !== 0)
          .map(([count, word]) => `${String(count)} ${String(word)}`);
        return (
          <li key={at} class={at < released ? '' : 'later'}>
            <span class="batch-name">Batch {at + 1}</span>
            <span
              class="bar"
              role="img"
              aria-label={`${String(verified)} of ${counted(nodes, 'node')} verified`}
            >
              <Part count={verified} of={nodes} kind="active" />
              <Part count={failed} of={nodes} kind="error" />
              <Part count={unreachable + held + ailing} of={nodes} kind="pending_sync" />
              <Part count={Math.max(open, 0)} of={nodes} kind="open" />
            </span>
            <span>
              {verified} of {counted(nodes, 'node')}
              {rest.length === 0 ? '' : `, ${rest.join(', ')}`}
            </span>
            <span class="quiet">{turn}</span>
          </li>
        );
      })}
    </ol>
  );
}

function Part({
  count,
  of,
  kind,
}: {
  readonly count: number;
  readonly of: number;
  readonly kind: string;
}): JSX.Element | null {
  return count === 0 ? null : <span class={kind} style={{ flexGrow: count / of }} />;
}

function Failing({
  rollout: { failed, ailing = [], taken },
}: {
  readonly rollout: RolloutReport;
}): JSX.Element {
  return (
    <>
      {taken === null ? null : (
        <p>
          Taken back: {taken.restored} of {counted(taken.nodes, 'node')} have the last good bytes, verified
          {taken.failed === 0 ? '' : `; ${String(taken.failed)} failed`}.
        </p>
      )}
      {failed.length === 0 ? null : (
        <Notice tone="bad" title="Failed">
          <ul>
            {failed.map(({ node, name, evidence }) => (
              <li key={node}>
                <a href={`#/nodes/${encodeURIComponent(node)}`}>{name}</a>: {evidence}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {ailing.length === 0 ? null : (
        <Notice tone="idle" title="Failed the same way before, so they count neither for nor against it">
          <ul>
            {ailing.map(({ node, name, evidence }) => (
              <li key={node}>
                {name}: {evidence}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

function RolloutFacts({
  rollout: { revision, base, began, since, who, onFailure, policy = [], end },
}: {
  readonly rollout: RolloutReport;
}): JSX.Element {
  const facts: readonly (readonly [string, JSX.Element | string])[] = [
    ['Revision', <code>{revision.slice(0, 12)}</code>],
    ['Last good', base === null ? 'not known' : <code>{base.slice(0, 12)}</code>],
    ['Began', moment(began)],
    [
      'In this phase since',
      <>
        <Ago at={since} /> by {who}
      </>,
    ],
    ['On failure', onFailure === 'rollback' ? 'is taken back' : 'stops, and stays where it is'],
    ...policy.map(
      ({ nodes, batches, canaries, maxFailed, maxUnreachable, soakMs }) =>
        [
          nodes === 'others' ? 'Policy' : `Policy of ${nodes}`,
          [
            batches.length === 0 ? 'all at once' : `batches ${batches.join(', ')}`,
            ...(canaries.length === 0 ? [] : [`${canaries.join(', ')} first`]),
            `${maxFailed} may fail`,
            `${maxUnreachable} may be away`,
            ...(soakMs === 0 ? [] : [`each watched for ${String(soakMs / 1_000)} s`]),
          ].join('; '),
        ] as const,
    ),
    ...(end === null ? [] : [['Ends with', <Remedy text={end} />] as const]),
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
