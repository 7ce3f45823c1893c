import type { Bundle } from '../model/bundle.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Receipt } from '../wire/receipt.ts';
import { compareTraefik } from '../plan/compare-traefik.ts';

/** What the ladder says of one receipt: the rungs that agreed, and the first that did not. */
export type Verdict =
  | { readonly ok: true; readonly rungs: readonly string[] }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly rungs: readonly string[];
      readonly retry: boolean;
    };

/** What was known before the receipt: the rungs this node has shown, so that one that vanishes is noticed, and the bytes that stood there. */
export interface Known {
  readonly expected: readonly string[];
  readonly previous: string;
}

/**
 * Climbs the ladder for one bundle: digest, parsed, then what the node's consumer says of itself.
 * A rung counts only by content: a file that exists, a name that is unchanged or a comment proves nothing.
 */
export function verify(bundle: Bundle, receipt: Receipt, known: Known): Verdict {
  const { expected } = known;
  if (receipt.after?.sha !== bundle.digest) {
    const sha = receipt.after?.sha ?? 'nothing';
    return {
      ok: false,
      cause: 'drift',
      evidence: `managed bytes are ${sha.slice(0, 12)}, expected ${bundle.digest.slice(0, 12)}`,
      rungs: [],
      retry: false,
    };
  }
  const rungs = ['digest'];
  const parsed = receipt.rungs['parsed'];
  if (parsed === 'ok') rungs.push('parsed');
  else if (parsed === 'bad') {
    return { ok: false, cause: 'invalid_document', evidence: receipt.text, rungs, retry: false };
  }
  return bundle.expectation.kind === 'hosts'
    ? resolverRung(receipt, rungs, expected)
    : traefikRungs(bundle, receipt, { rungs, ...known });
}

function resolverRung(receipt: Receipt, rungs: string[], expected: readonly string[]): Verdict {
  switch (receipt.rungs['resolves']) {
    case 'ok':
      return { ok: true, rungs: [...rungs, 'resolves'] };
    case 'bad':
      return {
        ok: false,
        cause: 'not_resolving',
        evidence: receipt.text || 'the resolver answers another address',
        rungs,
        retry: true,
      };
    case 'down':
      return {
        ok: false,
        cause: 'consumer_down',
        evidence: receipt.text || 'the resolver does not answer',
        rungs,
        retry: true,
      };
    default:
      return expected.includes('resolves')
        ? { ok: false, cause: 'consumer_down', evidence: 'the resolver rung vanished', rungs, retry: true }
        : { ok: true, rungs };
  }
}

interface Ladder extends Known {
  readonly rungs: string[];
}

function traefikRungs(bundle: Bundle, receipt: Receipt, ladder: Ladder): Verdict {
  const { rungs, expected } = ladder;
  const raw = receipt.bodies.get('raw');
  if (raw !== undefined && receipt.rungs['raw'] === 'ok') {
    const compared = compareTraefik(bundle.expectation, raw, ladder.previous);
    if (!compared.agrees)
      return { ok: false, cause: 'not_loaded', evidence: compared.evidence, rungs, retry: true };
    rungs.push('loaded');
  } else if (receipt.rungs['raw'] === 'down' || expected.includes('loaded')) {
    return {
      ok: false,
      cause: 'consumer_down',
      evidence: receipt.text || "Traefik's API does not answer",
      rungs,
      retry: true,
    };
  }
  switch (receipt.rungs['answers']) {
    case 'ok':
      return { ok: true, rungs: [...rungs, 'answers'] };
    case 'bad':
      return {
        ok: false,
        cause: 'not_answering',
        evidence: receipt.text || 'a request by host name gets 404',
        rungs,
        retry: true,
      };
    case 'down':
      return {
        ok: false,
        cause: 'consumer_down',
        evidence: receipt.text || 'the web entry point does not answer',
        rungs,
        retry: true,
      };
    default:
      return expected.includes('answers')
        ? { ok: false, cause: 'consumer_down', evidence: 'the request rung vanished', rungs, retry: true }
        : { ok: true, rungs };
  }
}
