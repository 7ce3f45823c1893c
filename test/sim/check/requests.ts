import type { Exchange } from '../../../src/transport/transport.ts';
import type { Machine } from '../kernel/machine.ts';
import type { SimProcess } from '../kernel/process.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode, Truth } from '../node/node.ts';
import { readRequest, type WireRequest } from '../node/request.ts';

// What was begun before a word reached the controller may still end: two exchanges of one attempt, with their deadlines.
const graceMs = 75_000;

interface Hold {
  readonly sinceMs: number;
  readonly scope: string;
  /** Pauses are kept in the state directory: another machine does not know of them. */
  readonly machine: Machine;
  /** A freeze ends by itself. */
  readonly untilMs: number;
}

/** Judges what controllers send: strict grammar, positions that are never used twice, silence under a pause and beside a rival. */
export class Requests {
  private readonly used = new Map<string, number>();
  private readonly rivals = new Map<SimProcess, number>();
  private readonly accepted = new Map<SimProcess, Set<string>>();
  private readonly begun = new Map<SimProcess, number>();
  private readonly holds = new Map<string, Hold>();
  private readonly now: () => number;
  applies = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  began(process: SimProcess): void {
    this.begun.set(process, this.now());
  }

  /** A person's word that pushing is held, once it was acknowledged. */
  hold(name: string, machine: Machine, of?: { scope: string; untilMs: number }): void {
    this.holds.set(name, { sinceMs: this.now(), scope: name, machine, untilMs: Infinity, ...of });
  }

  release(name: string): void {
    if (name === 'all') this.holds.clear();
    this.holds.delete(name);
  }

  /** A clock was set: freezes may end at any time now. */
  clockSet(): void {
    for (const [name, { untilMs }] of this.holds) if (untilMs < Infinity) this.holds.delete(name);
  }

  /** The controller was told to go on beside whoever was there. */
  goOn(process: SimProcess): void {
    this.rivals.delete(process);
    // What was sent before may still be refused: that says nothing of the term that a person has just begun.
    this.accepted.delete(process);
  }

  /** The controller forms a request. */
  asked(process: SimProcess, { program, stdin, fresh }: Exchange): void {
    if (program !== 'receive') return;
    const request = readRequest(stdin);
    if ('refused' in request)
      throw new Violation('I12', `${process.name} sends ${request.why}: ${request.refused}`);
    if (request.mode === 'confirm' && fresh !== true)
      throw new Violation('confirm', `${process.name} confirms over a connection that was there before`);
    if (request.mode === 'check' || request.mode === 'confirm') return;
    const position = positionOf(request);
    if (this.used.has(position)) throw new Violation('I1', `${process.name} uses position ${position} twice`);
    this.used.set(position, this.now());
    this.applies += 1;
    this.mustNotBeHeld(process, request.node);
  }

  /** When a request was formed; it may arrive much later. */
  formedMs(request: WireRequest): number {
    return this.used.get(positionOf(request)) ?? Infinity;
  }

  sent(_process: SimProcess, _node: SimNode, _exchange: Exchange): void {
    // What leaves was judged when it was formed.
  }

  /** A node told of another writer in this epoch, or of a higher epoch after it had accepted this one: that proves a rival. */
  delivered(process: SimProcess, { node, term, result }: Truth): void {
    const accepted = this.accepted.get(process) ?? new Set<string>();
    this.accepted.set(process, accepted);
    const key = `${node} ${term}`;
    if (result === 'INSTALLED' || result === 'UNCHANGED' || result === 'RESTORED') accepted.add(key);
    const proven = result === 'RIVAL' || (result === 'FENCED' && accepted.has(key));
    if (proven && !this.rivals.has(process)) this.rivals.set(process, this.now());
  }

  private mustNotBeHeld(process: SimProcess, node: string): void {
    const rival = this.rivals.get(process);
    if (rival !== undefined && this.now() - rival > graceMs)
      throw new Violation(
        'rival',
        `${process.name} pushes ${String(Math.round((this.now() - rival) / 1000))} s after a node told it of a rival`,
      );
    for (const { sinceMs, scope, machine, untilMs } of this.holds.values()) {
      if (machine !== process.machine || !covers(scope, node) || this.now() >= untilMs) continue;
      const isLater = (this.begun.get(process) ?? 0) > sinceMs || this.now() - sinceMs > graceMs;
      if (isLater)
        throw new Violation(
          'pause',
          `${process.name} pushes to ${node} under an acknowledged pause of ${scope}`,
        );
    }
  }
}

function positionOf({ cluster, epoch, writer, seq }: WireRequest): string {
  return `${cluster} ${String(epoch)} ${writer} ${String(seq)}`;
}

/** True where what is held of a scope is held of a node. */
function covers(scope: string, node: string): boolean {
  return scope === 'all' || scope === node || scope === `type:${node.slice(0, node.indexOf('@'))}`;
}
