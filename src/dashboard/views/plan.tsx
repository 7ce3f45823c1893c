import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PlanReport, PushReport } from '../../contract/report.ts';
import { isLive } from '../../contract/verdict.ts';
import { post, postStreamed } from '../api.ts';
import { diffLines } from '../model/change-lines.ts';
import { expectedOf, groupsOf } from '../model/expected.ts';
import type { FleetState } from '../model/fleet-state.ts';
import { hashOf } from '../model/place.ts';
import { counted, meaningOf } from '../model/words.ts';
import { Action } from '../parts/action.tsx';
import { Diff } from '../parts/diff.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Notice } from '../parts/notice.tsx';
import { StateSign } from '../parts/state-mark.tsx';
import { say } from '../store.ts';

/** What a push would change, before anybody says yes. */
export function Plan({ fleet }: { readonly fleet: FleetState }): JSX.Element {
  const [approve, setApprove] = useState<readonly string[]>([]);
  const held = fleet.controller.held;
  // What an approval lets go is on its way for a moment: the plan is read anew once every node has what it should.
  const isSettled = [...fleet.nodes.values()].every(isLive);
  const wanted = approve.filter((hash) => held.some((one) => one.hash === hash));
  return (
    <>
      <h1>Plan</h1>
      <p class="lead">What a push would change, as the nodes say now. Looking writes nothing anywhere.</p>
      <Loaded<PlanReport>
        load={() =>
          postStreamed('plan', { offline: false, ...(wanted.length === 0 ? {} : { approve: wanted }) })
        }
        on={[wanted.join(' '), held.map(({ hash }) => hash).join(' '), isSettled]}
        what="what every node holds"
      >
        {(report, again) => (
          <>
            <Sum report={report} again={again} previewed={wanted.length > 0} />
            <Withheld held={held} wanted={wanted} choose={setApprove} again={again} />
            <Changes report={report} />
            <Unknown report={report} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface SumProps {
  readonly report: PlanReport;
  readonly again: () => void;
  readonly previewed: boolean;
}

function Sum({ report, again, previewed }: SumProps): JSX.Element {
  const [settled, setSettled] = useState<readonly string[]>([]);
  const { changes } = report;
  const push = async (actor: object): Promise<void> => {
    setSettled([]);
    const done = await postStreamed<PushReport>(
      'push',
      { takeOver: false, expected: expectedOf(report), actor },
      ({ name, verified, cause }) => {
        setSettled((before) => [`${name}: ${verified ? 'verified' : meaningOf(cause)}`, ...before]);
      },
    );
    say(`${counted(done.verified, 'node')} verified, ${String(done.failed)} not.`);
    again();
  };
  return (
    <>
      <Counts report={report} />
      <p class="buttons">
        {changes === 0 || previewed ? null : (
          <Action
            label={`Push to ${counted(changes, 'node')}`}
            role="operator"
            tone="main"
            reason="wanted"
            text="Pushes exactly what is shown here. If the registries or a node have changed since, nothing is pushed."
            done="The plan was pushed."
            run={({ actor }) => push(actor)}
          />
        )}
        <button type="button" onClick={again}>
          Look again
        </button>
      </p>
      {settled.length === 0 ? null : (
        <ul class="settled" aria-label="Nodes that have settled">
          {settled.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Counts({ report: { changes, inSync, unknown } }: { readonly report: PlanReport }): JSX.Element {
  return (
    <p class="sum" aria-live="polite">
      <span>
        <StateSign state={changes === 0 ? 'active' : 'pending_sync'} />{' '}
        {changes === 0 ? 'Nothing would change' : `${counted(changes, 'node')} would change`}
      </span>
      <span>{inSync} in sync</span>
      {unknown === 0 ? null : <span>{counted(unknown, 'node')} could not be asked</span>}
    </p>
  );
}

interface WithheldProps {
  readonly held: PlanReport['held'];
  readonly wanted: readonly string[];
  readonly choose: (hashes: readonly string[]) => void;
  readonly again: () => void;
}

function Withheld({ held, wanted, choose, again }: WithheldProps): JSX.Element | null {
  if (held.length === 0) return null;
  return (
    <Notice tone="busy" title="Withheld removals">
      <p>
        One change would take away so much that somebody has to say that it is meant. Everything else flows.
      </p>
      {held.map(({ hash, reason, names }) => (
        <div class="held" key={hash}>
          <p>
            <strong>{reason}</strong>
          </p>
          <p class="names">
            {names.slice(0, 40).map((name) => (
              <code key={name}>{name}</code>
            ))}
            {names.length > 40 ? ` and ${String(names.length - 40)} more` : ''}
          </p>
          <p class="buttons">
            <label>
              <input
                type="checkbox"
                checked={wanted.includes(hash)}
                onChange={(event) => {
                  choose(
                    event.currentTarget.checked ? [...wanted, hash] : wanted.filter((one) => one !== hash),
                  );
                }}
              />{' '}
              Show the plan as though it were approved
            </label>
            <Action
              label="Approve"
              role="admin"
              tone="danger"
              reason="needed"
              text={`Lets this removal go: ${reason}. It reaches the nodes at once.`}
              done="The removal was approved."
              run={async ({ actor }) => {
                await post('approve', { hash, actor });
                again();
              }}
            />
          </p>
        </div>
      ))}
    </Notice>
  );
}

function Changes({ report }: { readonly report: PlanReport }): JSX.Element {
  return (
    <>
      {groupsOf(report).map(({ diff, nodes }) => (
        <section
          class="plan-group"
          key={diff}
          aria-label={`Changes of ${nodes.map(({ name }) => name).join(', ')}`}
        >
          <h2>{counted(nodes.length, 'node')}</h2>
          <p class="names">
            {nodes.map(({ node, name, waits, turn }) => (
              <span key={node}>
                <a href={hashOf({ view: 'node', node })}>{name}</a>
                {waits === null || waits === undefined ? null : (
                  <span class="quiet">
                    {' '}
                    {turn === null || turn === undefined ? '' : `(batch ${String(turn)}) `}
                    {waits}
                  </span>
                )}
              </span>
            ))}
          </p>
          <Diff lines={diffLines(diff)} label="What would change" />
        </section>
      ))}
    </>
  );
}

function Unknown({ report: { nodes } }: { readonly report: PlanReport }): JSX.Element | null {
  const unknown = nodes.filter(({ state }) => state === 'unknown');
  if (unknown.length === 0) return null;
  return (
    <details>
      <summary>
        <h2>{counted(unknown.length, 'node')} could not be asked</h2>
      </summary>
      <ul>
        {unknown.map(({ node, name, reason }) => (
          <li key={node}>
            <a href={hashOf({ view: 'node', node })}>{name}</a>: {reason}
          </li>
        ))}
      </ul>
    </details>
  );
}
