import type { Bundle } from '../model/bundle.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Receipt } from '../wire/receipt.ts';
import { targetOf } from '../plan/node-types/index.ts';
import type { LastRung, Report } from '../plan/targets/target.ts';

/** What the ladder says of one receipt: the rungs that agreed, and the first that did not. */
export type Verdict =
  | { readonly ok: true; readonly rungs: readonly string[] }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly rungs: readonly string[];
      /** True where the consumer may agree by itself a little later. */
      readonly retry: boolean;
    };

/** What was known before the receipt: the rungs this node has shown, so that one that vanishes is noticed, and the bytes that stood there. */
export interface Known {
  readonly expected: readonly string[];
  readonly previous: string;
}

interface Ladder extends Known {
  readonly receipt: Receipt;
  /** The rungs that agreed so far. */
  readonly rungs: readonly string[];
}

/**
 * Climbs the ladder for one bundle: digest, parsed, then what the node's consumer says of itself.
 * A rung counts only by content: a file that exists, a name that is unchanged or a comment proves nothing.
 */
export function verify(bundle: Bundle, receipt: Receipt, known: Known): Verdict {
  if (receipt.after?.sha !== bundle.digest) {
    const sha = (receipt.after?.sha ?? 'nothing').slice(0, 12);
    const evidence = `managed bytes are ${sha}, expected ${bundle.digest.slice(0, 12)}`;
    return { ok: false, cause: 'drift', evidence, rungs: [], retry: false };
  }
  if (receipt.rungs['parsed'] === 'bad') {
    return { ok: false, cause: 'invalid_document', evidence: receipt.text, rungs: ['digest'], retry: false };
  }
  const rungs = receipt.rungs['parsed'] === 'ok' ? ['digest', 'parsed'] : ['digest'];
  const ladder = { ...known, receipt, rungs };
  const { report, last } = targetOf(bundle.kind);
  return report === undefined ? climb(ladder, last) : loadedRungs(bundle, ladder, { report, last });
}

/** What the consumer itself reports, where it does; then the last rung. */
function loadedRungs(
  bundle: Bundle,
  ladder: Ladder,
  { report, last }: { readonly report: Report; readonly last: LastRung },
): Verdict {
  const { receipt, expected, previous } = ladder;
  const raw = receipt.bodies.get('raw');
  if (raw !== undefined && receipt.rungs['raw'] === 'ok') {
    const compared = report.compare(bundle, raw, previous);
    if (!compared.agrees) return missed(ladder, 'not_loaded', compared.evidence);
    return climb({ ...ladder, rungs: [...ladder.rungs, 'loaded'] }, last);
  }
  if (receipt.rungs['raw'] === 'down' || expected.includes('loaded')) {
    return missed(ladder, 'consumer_down', receipt.text || report.silent);
  }
  return climb(ladder, last);
}

/** The last rung of a ladder, as the node itself judged it. */
function climb(ladder: Ladder, { rung, bad, said }: LastRung): Verdict {
  const { receipt, rungs, expected } = ladder;
  switch (receipt.rungs[rung]) {
    case 'ok':
      return { ok: true, rungs: [...rungs, rung] };
    case 'bad':
      return missed(ladder, bad, receipt.text || said);
    case 'down':
      return missed(ladder, 'consumer_down', receipt.text || `the consumer does not answer (${rung})`);
    default:
      // A node that never had this rung is judged without it; one that had it has lost its consumer.
      if (expected.includes(rung)) return missed(ladder, 'consumer_down', `the rung ${rung} vanished`);
      return { ok: true, rungs };
  }
}

function missed({ rungs }: Ladder, cause: CauseClass, evidence: string): Verdict {
  return { ok: false, cause, evidence, rungs, retry: true };
}
