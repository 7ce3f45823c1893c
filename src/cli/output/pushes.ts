import type { PushRecord } from '../../contract/history.ts';
import { revisionName } from '../history.ts';
import { table } from './table.ts';

/** Outcomes of pushes with their phases. */
export function pushTable(pushes: readonly PushRecord[], wide: boolean): string {
  const headings = ['at', 'name', 'revision', 'kind', 'outcome', 'phases'];
  return table(
    wide ? [...headings, 'term', 'attempt', 'installed', 'verified by', 'evidence', 'who', 'why'] : headings,
    pushes.map((push) => (wide ? [...row(push), ...more(push)] : row(push))),
  );
}

function row(push: PushRecord): readonly string[] {
  const times = push.times > 1 ? ` ×${String(push.times)}` : '';
  return [
    push.last,
    push.name,
    revisionName(push.revision),
    `${push.kind}${times}`,
    outcomeOf(push),
    phasesOf(push),
  ];
}

function more(push: PushRecord): readonly string[] {
  return [
    push.epoch === null ? '' : `${String(push.epoch)}/${String(push.receipt?.seq ?? '')}`,
    String(push.attempt),
    push.installed?.slice(0, 12) ?? '',
    push.rungs.join(' '),
    push.evidence,
    push.who ?? '',
    push.why ?? '',
  ];
}

/** `changed`, `in sync`, or the class of the failure. */
export function outcomeOf({ ok, changed, cause, attempted }: PushRecord): string {
  if (ok) return changed ? 'changed' : 'in sync';
  return attempted ? (cause ?? 'failed') : `held: ${cause ?? ''}`;
}

/** `12 ms: wait 0, dial 3, exchange 8, verify 1`. */
function phasesOf({ totalMs, phases, attempted }: PushRecord): string {
  if (!attempted) return '';
  const { waitMs, dialMs, exchangeMs, verifyMs } = phases;
  const parts = [
    ['wait', waitMs],
    ['dial', dialMs],
    ['exchange', exchangeMs],
    ['verify', verifyMs],
  ] as const;
  return `${String(totalMs)} ms: ${parts.map(([name, ms]) => `${name} ${String(ms)}`).join(', ')}`;
}
