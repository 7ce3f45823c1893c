import type { Exchange } from '../../../src/transport/transport.ts';
import type { Unit } from '../controller/unit.ts';
import type { Machine } from '../kernel/machine.ts';
import { Violation } from '../kernel/world.ts';
import { readRequest } from '../node/request.ts';
import { saidBy } from './content.ts';

// A push that was begun before a revision was pinned may still end: exchanges of one attempt, with their deadlines.
const graceMs = 75_000;
const goingBack: ReadonlySet<string> = new Set(['rolling-back', 'rolled-back', 'rollback-failed']);

interface Pin {
  readonly sinceMs: number;
  /** Machines that may have it all the same: those that had it when a person's policy said to hold. */
  readonly keeps: ReadonlySet<string>;
  /** A pin is of the bytes of all nodes: with a row more or less it is another revision. */
  readonly rows: string;
}

/** Judges rollouts: a revision that was stopped reaches nobody again, and only what is taken back goes back. */
export class Rollouts {
  private readonly pins = new Map<Machine, Map<number, Pin>>();
  private readonly backUntil = new Map<Machine, number>();
  private readonly unstored = new Map<Machine, number>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** The machine has lost what it knew, or a person lets everything go again. */
  forget(machine: Machine): void {
    this.pins.delete(machine);
  }

  /** The disk refused the record of a rollout: a restart does not know of it. */
  notStored(machine: Machine): void {
    this.unstored.set(machine, this.now());
  }

  /** A controller starts on this machine. */
  began(machine: Machine): void {
    const unstoredMs = this.unstored.get(machine) ?? -Infinity;
    const pins = this.pins.get(machine) ?? new Map<number, Pin>();
    for (const [revision, { sinceMs }] of pins) if (sinceMs <= unstoredMs + 1_000) pins.delete(revision);
    this.unstored.delete(machine);
  }

  /** Looks at what a controller says of its rollout. */
  look({ engine, machine }: Unit): void {
    const view = engine?.parts.rollout?.current();
    if (view === undefined) return;
    const { phase, released, batches, touched } = view.record;
    if (goingBack.has(phase)) this.backUntil.set(machine, this.now() + graceMs);
    const [one] = [...view.plan.nodes.values()];
    const bundle = one?.bundles[0];
    const revision = bundle === undefined ? undefined : revisionIn(bundle.kind, bundle.bytes);
    if (revision === undefined) return;
    const rows = [...view.plan.nodes.keys()].sort().join(' ');
    const pins = this.pins.get(machine) ?? new Map<number, Pin>();
    this.pins.set(machine, pins);
    if (phase !== 'held' && !goingBack.has(phase)) {
      if (pins.get(revision)?.rows !== rows) pins.delete(revision);
      return;
    }
    const kept = phase === 'held' ? [...batches.slice(0, released).flat(), ...touched] : [];
    const keeps = new Set(kept.map(machineOf));
    if (!pins.has(revision)) pins.set(revision, { sinceMs: this.now(), keeps, rows });
  }

  /** True where a controller of this machine takes a revision back, or did a moment ago. */
  goesBack(machine: Machine | undefined): boolean {
    return machine !== undefined && (this.backUntil.get(machine) ?? -Infinity) >= this.now();
  }

  /** A controller forms a request. */
  asked(unit: Unit, { program, stdin }: Exchange): void {
    this.look(unit);
    const { machine, name } = unit;
    const pins = this.pins.get(machine);
    if (program !== 'receive' || pins === undefined || pins.size === 0) return;
    const request = readRequest(stdin);
    if ('refused' in request || request.mode !== 'apply') return;
    const revision = revisionIn(request.kind, request.document);
    const pin = revision === undefined ? undefined : pins.get(revision);
    if (pin === undefined || pin.keeps.has(machineOf(request.node)) || this.now() - pin.sinceMs < graceMs)
      return;
    throw new Violation(
      'pin',
      `${name} pushes revision ${String(revision)} to ${request.node}, which was stopped ${String(Math.round((this.now() - pin.sinceMs) / 1000))} s ago`,
    );
  }
}

/** A machine may stand in several rows, which come together. */
function machineOf(id: string): string {
  return id.slice(id.indexOf('@') + 1);
}

/** The revision of the registries that a document was made of. */
export function revisionIn(kind: string, document: string): number | undefined {
  return saidBy(kind === 'traefik-routes' ? 'traefik-routes' : 'hosts', document).revision;
}
