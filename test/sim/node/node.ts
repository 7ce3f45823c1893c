import { kinds, ModelNode, type Expected } from '../../receiver/model.ts';
import { epochMs } from '../kernel/globals.ts';
import type { Dice } from '../kernel/dice.ts';
import type { World } from '../kernel/world.ts';
import type { Consumer } from './consumer.ts';
import { DeadMan } from './dead-man.ts';
import { receiptOf } from './receipt.ts';
import { readRequest, type WireRequest } from './request.ts';

/** What a program on a node left behind. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** What was true at that moment, whatever the receipt says. */
  readonly truth: Truth | undefined;
}

export interface Truth {
  readonly sha: string;
  readonly rungs: boolean;
  readonly result: string;
  readonly node: string;
  /** The term under which was asked. */
  readonly term: string;
}

/** `silent` swallows every packet; `mute` takes the connection and never says a word. */
export type Link = 'up' | 'refused' | 'silent' | 'unreachable' | 'throttled' | 'mute';

/** One request that reached the receiver and did something or was refused. */
export interface Executed {
  readonly node: SimNode;
  readonly request: WireRequest;
  /** `undefined` where the receiver was killed on the way. */
  readonly expected: Expected | undefined;
  readonly fileBefore: string | undefined;
  readonly fileAfter: string | undefined;
  readonly by: string;
}

const original = ['127.0.0.1 localhost', '::1 localhost ip6-localhost', '10.9.9.9 printer.home', ''].join(
  '\n',
);

/** A node of the fleet: the checked model of a receiver with a machine around it that can fail. */
export class SimNode {
  readonly address: string;
  readonly type: 'management_laptops' | 'vps_nodes' | 'worker_nodes';
  readonly kind: 'hosts' | 'traefik-routes';
  model = new ModelNode();
  link: Link = 'up';
  hostKey: string;
  acceptsKey = true;
  receiver: 'there' | 'missing' | 'no-sudo' = 'there';
  disk: 'fine' | 'full' | 'readonly' | 'failing' = 'fine';
  resolver: 'right' | 'wrong' = 'right';
  extraMs = 0;
  /** Parts of exchanges that go wrong on the way, in [0, 1). */
  trouble = 0;
  /** The next request that works ends at this step, with the machine. */
  crashAt: string | undefined;
  boots = 1;
  clockOffsetMs = 0;
  readonly consumer: Consumer | undefined;
  /** The ids of its rows: a machine may stand in the registry under two types. */
  readonly rowIds: string[] = [];
  onExecuted: (what: Executed) => void = () => undefined;
  onCrash: (step: string) => void = () => undefined;
  /** A change that nobody confirmed was taken back. */
  onExpired: (before: string | undefined, after: string | undefined) => void = () => undefined;
  readonly deadMan: DeadMan;
  /** A receipt of some time ago, as a broken proxy might answer once more. */
  earlier: Buffer = Buffer.alloc(0);
  latest: Buffer = Buffer.alloc(0);
  /** What happens to every exchange, where that is not left to chance. */
  fate: 'foreign' | 'late' | undefined;
  /** Times on the way to this node and inside it are its own, whatever happens to the others. */
  readonly dice: Dice;
  private receipts = 0;
  private freeMs = 0;
  private readonly world: World;

  constructor(world: World, given: Pick<SimNode, 'address' | 'type' | 'hostKey' | 'consumer'>) {
    this.world = world;
    this.address = given.address;
    this.dice = world.dice.fork(`node ${given.address}`);
    this.type = given.type;
    this.kind = given.type === 'vps_nodes' ? 'traefik-routes' : 'hosts';
    this.hostKey = given.hostKey;
    this.consumer = given.consumer;
    this.deadMan = new DeadMan(world, this);
    this.layDown();
  }

  get id(): string {
    return `${this.type}@${this.address}`;
  }

  get path(): string {
    return kinds[this.kind]?.path ?? '';
  }

  get file(): string | undefined {
    return this.model.files.get(this.path);
  }

  set file(bytes: string | undefined) {
    if (bytes === undefined) this.model.files.delete(this.path);
    else this.model.files.set(this.path, bytes);
    this.consumer?.changed(bytes);
  }

  /** The machine was set up anew: journals, owners and targets are as on the first day. */
  reset(): void {
    this.model = new ModelNode();
    this.layDown();
    this.reboot();
  }

  reboot(): void {
    this.boots += 1;
    this.freeMs = 0;
    this.consumer?.restart();
  }

  /** Runs the receiver on what came in; calls back when it has ended, or never where the machine went down with it. */
  receive(stdin: Buffer, by: string, done: (ended: Ended) => void): void {
    if (this.receiver !== 'there') {
      this.world.after(5, () => done(this.foreignExit()));
      return;
    }
    const waitMs = Math.max(0, this.freeMs - this.world.nowMs);
    const workMs = 3 + this.dice.unit() * 12 + this.extraMs;
    const request = readRequest(stdin);
    if ('refused' in request) {
      const expected = this.bare(request.refused);
      this.world.after(2, () => done(this.ended({ ...blank, nonce: request.nonce }, expected)));
      return;
    }
    if (request.mode === 'check' || request.mode === 'confirm') {
      const answer = request.mode === 'check' ? this.check : this.confirm;
      this.world.after(workMs, () => done(answer.call(this, request)));
      return;
    }
    if (waitMs > 2_000) {
      this.world.after(2_000, () => done(this.ended(request, this.bare('BUSY'))));
      return;
    }
    this.freeMs = this.world.nowMs + waitMs + workMs;
    const boot = this.boots;
    this.world.after(waitMs + workMs, () => {
      if (boot === this.boots) this.work(request, by, done);
    });
  }

  private confirm(request: WireRequest): Ended {
    // It looks at no bytes, and so it says nothing of them.
    return { ...this.ended(request, this.bare(this.deadMan.confirm(request))), truth: undefined };
  }

  private check(request: WireRequest): Ended {
    const expected = this.markersBroken()
      ? this.bare('MARKERS')
      : this.model.check(request.cluster, request.kind);
    return this.ended(request, expected);
  }

  private work(request: WireRequest, by: string, done: (ended: Ended) => void): void {
    this.deadMan.catchUp();
    const fileBefore = this.file;
    const refused = this.refusal();
    const crashAt = refused === undefined ? this.crashAt : undefined;
    const expected =
      refused === undefined
        ? this.model.apply(
            { ...request, mode: request.mode as 'apply', takeOver: request.flags.includes('take-over') },
            crashAt,
          )
        : this.bare(refused);
    const fileAfter = this.file;
    if (fileAfter !== fileBefore) this.consumer?.changed(fileAfter);
    if (fileAfter !== fileBefore || taken.has(expected?.result ?? '')) this.deadMan.accepted(request);
    this.onExecuted({ node: this, request, expected, fileBefore, fileAfter, by });
    if (expected !== undefined) {
      done(this.ended(request, expected));
      return;
    }
    this.crashAt = undefined;
    this.onCrash(crashAt ?? '');
  }

  private refusal(): string | undefined {
    if (this.markersBroken()) return 'MARKERS';
    if (this.disk === 'full') return 'NOSPACE';
    if (this.disk === 'readonly') return 'READONLY';
    return this.disk === 'failing' ? 'IO' : undefined;
  }

  private markersBroken(): boolean {
    return this.kind === 'hosts' && (this.file?.match(/^# BEGIN sync-controller /gmu)?.length ?? 0) > 1;
  }

  /** An answer that tells nothing of records. */
  private bare(result: string): Expected {
    const sha = this.markersBroken() ? 'absent' : this.model.managed(this.kind);
    return { result, first: false, fence: null, installed: null, owner: null, before: sha, after: sha };
  }

  private ended(request: WireRequest, expected: Expected): Ended {
    const known = expected.result === 'MARKERS' ? undefined : this.model.managed(this.kind);
    const bodies = new Map<string, Buffer>();
    if (request.flags.includes('content'))
      bodies.set('content', Buffer.from(this.managedBytes() ?? '', 'latin1'));
    const rungs: Record<string, string> = { digest: 'ok', parsed: 'ok' };
    this.askConsumer(request, rungs, bodies);
    const told = receiptOf({
      ...request,
      expected,
      rungs,
      bodies,
      boot: `boot-${this.address}-${String(this.boots)}`,
      clockSeconds: Math.max(0, Math.floor((epochMs + this.world.nowMs + this.clockOffsetMs) / 1000)),
      hostname: `host-${this.address}`,
      path: this.path,
      shape: kinds[this.kind]?.shape ?? 'file',
      sizes: known === undefined ? null : { before: 0, after: this.managedBytes()?.length ?? 0 },
      text: '',
    });
    this.receipts += 1;
    this.latest = told.stdout;
    if (this.receipts % 5 === 0) this.earlier = told.stdout;
    const truth = {
      sha: known ?? 'unknown',
      rungs: this.agrees(),
      result: expected.result,
      node: this.id,
      term: `${String(request.epoch)} ${request.writer}`,
    };
    return { ...told, stderr: '', truth };
  }

  /** What the consumer says, where the request asks it. */
  private askConsumer(
    request: WireRequest,
    rungs: Record<string, string>,
    bodies: Map<string, Buffer>,
  ): void {
    if (this.consumer === undefined) {
      if (request.mode !== 'check' || request.flags.includes('answers'))
        rungs['resolves'] = this.resolver === 'right' ? 'ok' : 'bad';
      return;
    }
    const { hasApi, down } = this.consumer;
    if (request.flags.includes('raw')) {
      rungs['raw'] = hasApi ? (down ? 'down' : 'ok') : 'none';
      if (hasApi && !down) bodies.set('raw', this.consumer.raw());
    }
    if (request.flags.includes('answers') || (request.flags.includes('raw') && !hasApi))
      rungs['answers'] = down ? 'down' : this.consumer.answers(this.file) ? 'ok' : 'bad';
  }

  /** True where the consumer serves what stands in the target, as far as this node can show it. */
  agrees(): boolean {
    const { consumer } = this;
    if (consumer === undefined) return this.resolver === 'right';
    return consumer.hasApi ? consumer.serves(this.file) : consumer.answers(this.file);
  }

  /** What is true of the node at this moment. */
  get truth(): Truth {
    return {
      sha: this.markersBroken() ? 'unknown' : this.model.managed(this.kind),
      rungs: this.agrees(),
      result: 'none',
      node: this.id,
      term: '',
    };
  }

  managedBytes(): string | undefined {
    return this.kind === 'hosts' ? block.exec(this.file ?? '')?.[0] : this.file;
  }

  private foreignExit(): Ended {
    const missing = this.receiver === 'missing';
    return {
      exitCode: missing ? 127 : 1,
      stdout: Buffer.alloc(0),
      stderr: missing
        ? 'bash: line 1: /usr/local/lib/sync-controller/receive: No such file or directory\n'
        : 'sudo: a password is required\n',
      truth: undefined,
    };
  }

  private layDown(): void {
    if (this.kind === 'hosts') this.file = original;
    else this.file = undefined;
  }
}

/** The managed block of a hosts file. */
export const block = /^# BEGIN sync-controller ([a-z0-9-]+)\n[^]*?^# END sync-controller \1(?:\n|$(?![^]))/mu;

const taken: ReadonlySet<string> = new Set(['INSTALLED', 'UNCHANGED', 'RESTORED']);

const blank: WireRequest = {
  mode: 'apply',
  cluster: 'unknown-cluster',
  node: 'nobody',
  kind: 'hosts',
  epoch: 0,
  writer: 'nobody00',
  seq: 0,
  base: undefined,
  nonce: '',
  flags: [],
  document: '',
  hasDocument: false,
  confirmSeconds: 0,
  fallback: '',
};
