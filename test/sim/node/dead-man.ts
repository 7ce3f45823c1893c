import type { Expected } from '../../receiver/model.ts';
import type { World } from '../kernel/world.ts';
import type { SimNode } from './node.ts';
import { sha } from './documents.ts';
import type { WireRequest } from './request.ts';

interface Armed {
  readonly request: WireRequest;
  readonly boots: number;
  readonly dueMs: number;
}

/** What a node does with a change that nobody confirms: it takes it back by itself, at the latest at the next contact. */
export class DeadMan {
  private readonly world: World;
  private readonly node: SimNode;
  private armed: Armed | undefined;

  constructor(world: World, node: SimNode) {
    this.world = world;
    this.node = node;
  }

  /** A request was accepted: it stands for itself, and what an older one armed is void. */
  accepted(request: WireRequest): void {
    if (request.confirmSeconds === 0) {
      this.armed = undefined;
      return;
    }
    if (this.armed !== undefined && samePosition(this.armed.request, request)) return;
    const dueMs = this.world.nowMs + request.confirmSeconds * 1000;
    this.armed = { request, boots: this.node.boots, dueMs };
    this.world.after(request.confirmSeconds * 1000, () => this.catchUp());
  }

  /** What a timer that died, or a reboot, has left undone. */
  catchUp(): void {
    const { armed, node, world } = this;
    if (armed === undefined || (armed.boots === node.boots && world.nowMs < armed.dueMs)) return;
    this.armed = undefined;
    const { request } = armed;
    // Only bytes that are still those of the armed request are taken back.
    if (node.model.managed(request.kind) !== sha(Buffer.from(request.document, 'latin1'))) return;
    const before = node.file;
    node.model.expire({ ...request, takeOver: false }, request.fallback);
    node.consumer?.changed(node.file);
    node.onExpired(before, node.file);
  }

  /** Answers `confirm`. */
  confirm(request: WireRequest): string {
    this.catchUp();
    if (this.armed !== undefined && samePosition(this.armed.request, request)) {
      this.armed = undefined;
      return 'CONFIRMED';
    }
    const { installed }: Pick<Expected, 'installed'> = this.node.model.check(request.cluster, request.kind);
    if (installed !== null && samePosition(installed, request))
      return installed.restored_from === null ? 'CONFIRMED' : 'RESTORED';
    return 'MOVED';
  }
}

interface Place {
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
}

function samePosition(one: Place, other: Place): boolean {
  return one.epoch === other.epoch && one.writer === other.writer && one.seq === other.seq;
}
