import { Violation } from '../kernel/world.ts';
import type { Executed, SimNode } from '../node/node.ts';
import { externalName, type Revision, type Truth } from '../person/truth.ts';
import { foreignBytes, saidBy, type Said } from './content.ts';

/** What a node has seen of terms and revisions since it was set up; kept here, so that a defect in the node's own model shows. */
interface Memory {
  epoch: number;
  seq: number;
  writer: string;
  revision: number;
  /** When the newest revision came, and who brought it. */
  revisionMs: number;
  revisionBy: string;
  readonly positions: Map<string, string>;
  /** The names of the last document that was applied, for the check of a restore. */
  lastApplied: ReadonlySet<string> | undefined;
}

/** Facts that excuse what would otherwise break a promise. */
export interface Excuses {
  /** The disk of that controller was full when it had to remember what it read: after a restart it knows less. */
  readonly forgot: (controller: string) => boolean;
  /** A person let withheld removals go, or a controller without any memory met the emptied registry. */
  readonly massAllowed: (revision: Revision) => boolean;
  /** The controller of that name keeps every name a node holds: it never saw a complete source. */
  readonly additionsOnly: (controller: string) => boolean;
  readonly now: () => number;
  readonly formedMs: (request: Executed['request']) => number;
  /** A person asked for the node to be removed. */
  readonly removed: (node: SimNode) => boolean;
  /** The controller of that name takes a stopped revision back. */
  readonly goesBack: (controller: string) => boolean;
}

/** Judges every request that a node obeyed: I1, I2, I4, I6, I7, I12 and the guard. */
export class Installs {
  private readonly memories = new Map<SimNode, Memory>();
  private readonly truth: Truth;
  private readonly excuses: Excuses;

  constructor(truth: Truth, excuses: Excuses) {
    this.truth = truth;
    this.excuses = excuses;
  }

  /** The node was set up anew: what it accepted before is forgotten with it. */
  forget(node: SimNode): void {
    this.memories.delete(node);
  }

  /** A change that nobody confirmed was taken back by the node itself: what stood there before, without what it withdrew. */
  expired(node: SimNode, before: string | undefined, after: string | undefined): void {
    if (node.kind === 'hosts' && foreignBytes(before) !== foreignBytes(after))
      throw new Violation('I7', `${node.id}: a timer changed bytes outside our markers`);
    const { lastApplied } = this.memory(node);
    const back = [...saidBy(node.kind, after).names.keys()].find((name) => lastApplied?.has(name) === false);
    if (back !== undefined) throw new Violation('I6', `${node.id}: a timer brought back ${back}`);
  }

  judge(what: Executed): void {
    if (!what.node.rowIds.includes(what.request.node))
      throw new Violation('identity', `${what.node.id} got a request for ${what.request.node}`);
    this.positions(what);
    const changed = what.fileAfter !== what.fileBefore;
    if (changed) {
      this.bytes(what);
      this.meaning(what);
    }
    this.fence(what, changed);
  }

  private positions({ node, request }: Executed): void {
    const memory = this.memory(node);
    const key = `${String(request.epoch)} ${request.writer} ${String(request.seq)}`;
    const known = memory.positions.get(key);
    if (known !== undefined && known !== request.document)
      throw new Violation('I1', `${node.id} got two documents under position ${key}`);
    memory.positions.set(key, request.document);
  }

  private fence({ node, request, expected }: Executed, changed: boolean): void {
    const memory = this.memory(node);
    const fence = node.model.fence(request);
    if (
      changed &&
      (fence?.epoch !== request.epoch || fence.seq !== request.seq || fence.writer !== request.writer)
    )
      throw new Violation(
        'I2',
        `${node.id} holds bytes of epoch ${String(request.epoch)} seq ${String(request.seq)} above its fence`,
      );
    if (changed && request.epoch < memory.epoch)
      throw new Violation(
        'I2',
        `${node.id} took epoch ${String(memory.epoch)} and then bytes of ${String(request.epoch)}`,
      );
    if (changed && request.epoch === memory.epoch && request.writer !== memory.writer)
      throw new Violation('I2', `${node.id} holds bytes of two writers of epoch ${String(request.epoch)}`);
    if (changed && request.epoch === memory.epoch && request.seq < memory.seq)
      throw new Violation(
        'I1',
        `${node.id} went back from seq ${String(memory.seq)} to ${String(request.seq)}`,
      );
    if (fence === undefined) {
      if (memory.epoch > 0 && expected?.result !== 'MARKERS')
        throw new Violation('I1', `${node.id} lost its fence`);
      return;
    }
    if (fence.epoch < memory.epoch || (fence.epoch === memory.epoch && fence.seq < memory.seq))
      throw new Violation(
        'I1',
        `${node.id}: the fence went back to ${String(fence.epoch)}.${String(fence.seq)}`,
      );
    // A record that was under way when the machine went down may be gone when it comes back; nothing was done under it.
    if (expected === undefined && !changed) return;
    memory.epoch = fence.epoch;
    memory.seq = fence.seq;
    memory.writer = fence.writer;
  }

  /** Old or new, whole, and nothing outside our block. */
  private bytes({ node, request, fileBefore, fileAfter }: Executed): void {
    if (node.kind === 'hosts' && foreignBytes(fileBefore) !== foreignBytes(fileAfter))
      throw new Violation('I7', `${node.id}: bytes outside our markers changed`);
    const managed = node.kind === 'hosts' ? (node.managedBytes() ?? '') : (fileAfter ?? '');
    if (managed !== request.document) throw new Violation('I4', `${node.id} holds bytes that nobody sent`);
    if (request.document === '' && !this.excuses.removed(node))
      throw new Violation('I6', `${node.id}: everything of ours was withdrawn, and nobody asked for that`);
  }

  private meaning({ node, request, fileBefore, fileAfter, by }: Executed): void {
    const before = saidBy(node.kind, fileBefore);
    const after = saidBy(node.kind, fileAfter);
    const memory = this.memory(node);
    if (request.mode === 'rollback') {
      const back = [...after.names.keys()].find((name) => memory.lastApplied?.has(name) === false);
      if (back !== undefined) throw new Violation('I6', `${node.id}: a restore brought back ${back}`);
      return;
    }
    for (const [name, value] of after.names)
      if (before.names.get(name) !== value || !this.excuses.additionsOnly(by))
        this.mustBeKnown(node, name, value);
    memory.lastApplied = new Set(after.names.keys());
    if (!this.excuses.forgot(by)) {
      if (!this.excuses.goesBack(by) && !this.hasCrossed(memory, request)) this.mustGoOn(node, memory, after);
      this.mustNotLose(node, before, { ...after, revision: this.revisionOf(after, by) });
    }
    if (after.revision !== undefined && after.revision !== memory.revision)
      Object.assign(memory, { revisionMs: this.excuses.now(), revisionBy: request.writer });
    memory.revision = after.revision ?? memory.revision;
    if (!this.excuses.additionsOnly(by)) this.mustBeOne(node, before, after);
  }

  /** No revision ever said so: invented, or a bad entry that was not set aside. */
  private mustBeKnown(node: SimNode, name: string, value: string): void {
    const known = this.truth.revisions.some((revision) => namesOf(revision, node).get(name) === value);
    if (!known)
      throw new Violation('I6', `${node.id} was given ${name} -> ${value}, which no registry ever said`);
  }

  /** It was under way when another controller brought what is newer: between two that live, the later term wins. */
  private hasCrossed({ revisionMs, revisionBy }: Memory, request: Executed['request']): boolean {
    return request.writer !== revisionBy && this.excuses.formedMs(request) < revisionMs;
  }

  private mustGoOn(node: SimNode, memory: Memory, after: Said): void {
    const { revision } = after;
    if (revision === undefined) return;
    if (revision < memory.revision)
      throw new Violation(
        'I1',
        `${node.id} went back from revision ${String(memory.revision)} to ${String(revision)}`,
      );
  }

  /** An emptied registry tells no revision; whoever obeyed one may take a later one back to it. */
  private revisionOf({ revision }: Said, by: string): number | undefined {
    if (revision !== undefined || !this.excuses.goesBack(by)) return revision;
    return this.truth.revisions.findLast((each) => each.mass && this.excuses.massAllowed(each))?.number;
  }

  /** A name goes only where some revision since then lacks it, and not by a stroke that nobody approved. */
  private mustNotLose(node: SimNode, before: Said, after: Said): void {
    // What goes back to an older revision loses the names that came after it.
    const from = Math.min(before.revision ?? 0, after.revision ?? Infinity);
    const since = this.truth.revisions.filter((revision) => revision.number >= from);
    const now = this.truth.revisions.find((revision) => revision.number === after.revision);
    for (const name of before.names.keys()) {
      if (after.names.has(name)) continue;
      // An entry that is bad when it comes back from an emptied registry has no last good version to stay.
      const gaveUp = now !== undefined && isWild(now, name) && since.some((revision) => revision.mass);
      const may =
        gaveUp ||
        since.some(
          (revision) =>
            !namesOf(revision, node).has(name) && (!revision.mass || this.excuses.massAllowed(revision)),
        );
      if (!may && !this.isForeign(node, name))
        throw new Violation('I6', `${node.id} lost ${name}, which no obeyed revision withdrew`);
    }
  }

  /** Names that only a hand on the node wrote into our block. */
  private isForeign(node: SimNode, name: string): boolean {
    return !this.truth.revisions.some((revision) => namesOf(revision, node).has(name));
  }

  /** The bytes are one revision's, whole: nothing of another one, but for what is withheld or set aside. */
  private mustBeOne(node: SimNode, before: Said, after: Said): void {
    const revision = this.truth.revisions.find((each) => each.number === after.revision);
    if (revision === undefined) return;
    const names = namesOf(revision, node);
    for (const [name, value] of names)
      if (after.names.get(name) !== value && !isWild(revision, name))
        throw new Violation(
          'I3',
          `${node.id}: revision ${String(revision.number)} says ${name} -> ${value}, the bytes ${after.names.get(name) ?? 'nothing'}`,
        );
    for (const name of after.names.keys()) {
      if (names.has(name)) continue;
      if (node.kind === 'traefik-routes' && isPrivate(revision, name))
        throw new Violation(
          'I6',
          `${node.id} still publishes ${name}, which revision ${String(revision.number)} made private`,
        );
      if (isWild(revision, name)) continue;
      if (!before.names.has(name) && !this.mayBeKept(node, name))
        throw new Violation(
          'I6',
          `${node.id} was given ${name}, which revision ${String(revision.number)} does not have`,
        );
    }
  }

  /** A withheld removal keeps names in force that a node which was away never had. */
  private mayBeKept(node: SimNode, name: string): boolean {
    return this.truth.revisions.some((revision) => namesOf(revision, node).has(name));
  }

  private memory(node: SimNode): Memory {
    let memory = this.memories.get(node);
    if (memory === undefined) {
      memory = {
        ...{ epoch: 0, seq: 0, writer: '', revision: 0, revisionMs: 0, revisionBy: '' },
        positions: new Map(),
        lastApplied: undefined,
      };
      this.memories.set(node, memory);
    }
    return memory;
  }
}

/** What a revision says to the readers of a node. */
export function namesOf(revision: Revision, node: SimNode): ReadonlyMap<string, string> {
  return node.kind === 'hosts' ? revision.internal : revision.external;
}

function isWild(revision: Revision, name: string): boolean {
  return revision.wild.has(name.slice(0, name.indexOf('.')));
}

/** The service is there and not public: withdrawing never waits for anything. */
function isPrivate(revision: Revision, host: string): boolean {
  const service = host.slice(0, host.indexOf('.'));
  return revision.internal.has(`${service}.minicloud.local`) && externalName(service) === host;
}
