import type { JSX } from 'preact';
import type { HoldReport } from '../../contract/rollout-report.ts';
import { moment } from '../model/words.ts';
import { Remedy } from './command.tsx';

/** Pauses and freezes: of what, by whom, why and how long. */
export function HoldList({ holds }: { readonly holds: readonly HoldReport[] }): JSX.Element {
  return (
    <ul>
      {holds.map(({ what, who, why, since, from, until, end }) => (
        <li key={`${what} ${since}`}>
          <strong>{what}</strong>: {until === null ? 'paused' : 'frozen'} by {who}
          {why === null ? '' : `, ${why}`}
          {from === null || from === undefined ? '' : `, from ${moment(from)}`}
          {until === null ? '' : `, until ${moment(until)}`}. <Remedy text={end} />
        </li>
      ))}
    </ul>
  );
}
