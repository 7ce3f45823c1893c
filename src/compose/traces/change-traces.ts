import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { causeOf, causes, type CauseClass } from '../../model/cause.ts';
import type { NewPush } from '../../store/history/records.ts';
import type { SeenRevision } from '../../store/history/recorder.ts';

/** When a change was heard of and read; wall clock. */
export interface Heard {
  readonly heardMs: number;
  readonly readMs: number;
}

interface Change {
  readonly root: Span;
  readonly context: Context;
  readonly begunMs: number;
  /** Nodes that have not verified it, by what they should hold. */
  readonly open: Map<string, string>;
  readonly away: Set<string>;
  verified: number;
  ended: boolean;
}

// A node that fails all night must not keep a trace from being told.
const longestMs = 600_000;
/** A node that was away gets its push into the old trace; beyond so many changes it gets none. */
const mostChanges = 32;

/**
 * Makes one trace of each change: from the moment at which the edit was heard of, over reading and planning, to the last receipt. It ends when every node that
 * can be reached has verified it. Told again what it knows, it does nothing.
 */
export class ChangeTraces {
  readonly #tracer: Tracer;
  #wanted: ReadonlyMap<string, string> | undefined;
  #digest: string | undefined;
  #changes: readonly Change[] = [];

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Takes what came into force. The first one is what was there before anybody changed anything. */
  revision(
    { digest, plans }: Pick<SeenRevision, 'digest' | 'plans'>,
    heard: Heard | undefined,
    nowMs: number,
  ): void {
    if (digest === this.#digest) return;
    const before = this.#wanted;
    const wanted = new Map(
      Object.entries(plans).flatMap(([bytes, nodes]) => nodes.map((node) => [node, bytes] as const)),
    );
    this.#digest = digest;
    this.#wanted = wanted;
    if (before === undefined) return;
    const open = new Map([...wanted].filter(([node, bytes]) => before.get(node) !== bytes));
    this.#supersede(wanted, nowMs);
    this.#begin(digest, open, { heardMs: heard?.heardMs ?? nowMs, readMs: heard?.readMs ?? nowMs, nowMs });
  }

  /** Takes one attempt on one node. */
  push(push: NewPush, nowMs: number): void {
    this.#endOld(nowMs);
    const change = this.#changes.find(({ open }) => open.get(push.node) === push.desired);
    if (change === undefined) return;
    if (!push.attempted) {
      change.root.addEvent('held', { 'sync.node': push.node, 'sync.cause': push.cause ?? '' }, nowMs);
      return;
    }
    this.#attempt(change, push, nowMs);
    if (push.ok) {
      change.open.delete(push.node);
      change.away.delete(push.node);
      change.verified += 1;
    } else if (isAway(push.cause)) change.away.add(push.node);
    else change.away.delete(push.node);
    this.#settle(change, nowMs);
  }

  /** Ends everything that is open. */
  close(nowMs: number): void {
    for (const change of this.#changes) this.#end(change, nowMs);
    this.#changes = [];
  }

  #begin(digest: string, open: Map<string, string>, at: Heard & { readonly nowMs: number }): void {
    const { heardMs, readMs, nowMs } = at;
    const attributes = { 'sync.revision': digest, 'sync.nodes': open.size };
    const root = this.#tracer.startSpan(
      'change',
      { startTime: heardMs, attributes, root: true },
      ROOT_CONTEXT,
    );
    const context = trace.setSpan(ROOT_CONTEXT, root);
    this.#span('read', context, { fromMs: heardMs, toMs: readMs });
    this.#span('plan', context, { fromMs: readMs, toMs: nowMs });
    const change = {
      root,
      context,
      begunMs: nowMs,
      open,
      away: new Set<string>(),
      verified: 0,
      ended: false,
    };
    this.#changes = [...this.#changes, change];
    for (const old of this.#changes.slice(0, -mostChanges)) this.#end(old, nowMs);
    this.#changes = this.#changes.slice(-mostChanges);
    this.#settle(change, nowMs);
  }

  /** A node that should hold something else by now is waited for in the newer trace. */
  #supersede(wanted: ReadonlyMap<string, string>, nowMs: number): void {
    for (const change of this.#changes) {
      for (const [node, bytes] of change.open)
        if (wanted.get(node) !== bytes) {
          change.open.delete(node);
          change.away.delete(node);
        }
      this.#settle(change, nowMs);
    }
  }

  #attempt({ context }: Change, push: NewPush, nowMs: number): void {
    const fromMs = nowMs - push.totalMs;
    const attributes = {
      'sync.node': push.node,
      'sync.node.name': push.name,
      'sync.kind': push.kind,
      'sync.attempt': push.attempt,
      'sync.changed': push.changed,
      ...(push.cause === null ? {} : { 'sync.cause': push.cause }),
    };
    const span = this.#tracer.startSpan(`push ${push.name}`, { startTime: fromMs, attributes }, context);
    const inside = trace.setSpan(context, span);
    const { waitMs, dialMs, exchangeMs, verifyMs } = push.phases;
    let atMs = fromMs;
    for (const [name, ms] of Object.entries({
      wait: waitMs,
      dial: dialMs,
      exchange: exchangeMs,
      verify: verifyMs,
    })) {
      if (ms > 0) this.#span(name, inside, { fromMs: atMs, toMs: Math.min(nowMs, atMs + ms) });
      atMs = Math.min(nowMs, atMs + ms);
    }
    if (push.ok) span.addEvent('verified', { 'sync.rungs': push.rungs.join(' ') }, nowMs);
    else span.setStatus({ code: SpanStatusCode.ERROR, message: push.cause ?? '' });
    span.end(nowMs);
  }

  #span(name: string, context: Context, { fromMs, toMs }: { fromMs: number; toMs: number }): void {
    this.#tracer.startSpan(name, { startTime: fromMs }, context).end(Math.max(fromMs, toMs));
  }

  #settle(change: Change, nowMs: number): void {
    if (change.open.size === change.away.size) this.#end(change, nowMs);
    if (change.open.size === 0) this.#changes = this.#changes.filter((one) => one !== change);
  }

  #endOld(nowMs: number): void {
    for (const change of this.#changes) if (nowMs - change.begunMs > longestMs) this.#end(change, nowMs);
  }

  #end(change: Change, nowMs: number): void {
    if (change.ended) return;
    change.ended = true;
    const { root, open, away, verified } = change;
    root.setAttributes({
      'sync.nodes.verified': verified,
      'sync.nodes.away': away.size,
      'sync.nodes.open': open.size - away.size,
    });
    if (open.size > away.size)
      root.setStatus({ code: SpanStatusCode.ERROR, message: 'not verified everywhere' });
    root.end(nowMs);
  }
}

function isAway(cause: string | null): boolean {
  return cause !== null && isCause(cause) && causeOf(cause).offline;
}

function isCause(name: string): name is CauseClass {
  return Object.hasOwn(causes, name);
}
