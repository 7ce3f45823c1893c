import type { JSX } from 'preact';
import type { RollbackReport } from '../../contract/registry-routes.ts';
import { post } from '../api.ts';
import { may } from '../model/rights.ts';
import { counted, revisionName } from '../model/words.ts';
import { Action } from '../parts/action.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { usePage } from '../store.ts';

const shownChanges = 12;

/** Writes the registries of an earlier revision back, as a new one; what goes with it is shown before. */
export function RollBack({ number }: { readonly number: number }): JSX.Element {
  const name = revisionName(number);
  return (
    <p class="buttons">
      <Action
        label={`Roll back to ${name}`}
        role="operator"
        tone="danger"
        reason="needed"
        text={`Writes the registries of ${name} back as a new revision, which then reaches the nodes like any other edit. Keys of others and recorded statuses stay.`}
        done={`The registries are those of ${name} again.`}
        run={({ actor, given }) =>
          post('registry/rollback', { revision: name, approve: given.has('approve'), actor })
        }
      >
        <Loaded<RollbackReport>
          load={() =>
            post('registry/rollback', {
              revision: name,
              dryRun: true,
              actor: { reason: 'to see what it would change' },
            })
          }
          on={[name]}
          what="what would change"
        >
          {(report) => <Preview report={report} />}
        </Loaded>
      </Action>
    </p>
  );
}

function Preview({
  report: { changes, hostsAdded, hostsRemoved, held },
}: {
  readonly report: RollbackReport;
}): JSX.Element {
  const { session } = usePage();
  if (changes.length === 0) return <p>The registries say the same already: nothing would change.</p>;
  return (
    <div class="preview">
      <p>{counted(changes.length, 'entry', 'entries')} would change:</p>
      <ul>
        {changes.slice(0, shownChanges).map(({ path, change }) => (
          <li key={path}>
            {change} <code class="path">{path}</code>
          </li>
        ))}
        {changes.length > shownChanges ? <li>… and {changes.length - shownChanges} more</li> : null}
      </ul>
      {hostsAdded.length === 0 ? null : <p>Served again: {hostsAdded.join(', ')}</p>}
      {hostsRemoved.length === 0 ? null : (
        <p>
          <strong>Served no more: {hostsRemoved.join(', ')}</strong>
        </p>
      )}
      {held.length === 0 ? null : (
        <>
          <p>The guard would hold: {held.map(({ reason }) => reason).join('; ')}.</p>
          {may(session?.role, 'admin') ? (
            <p>
              <label>
                <input type="checkbox" name="approve" /> Let it go with the rollback
              </label>
            </p>
          ) : (
            <p>Only an admin can let it go with the rollback.</p>
          )}
        </>
      )}
    </div>
  );
}
