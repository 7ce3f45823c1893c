import type { CauseClass } from '../../../src/model/cause.ts';
import type { TransportSettings } from '../../../src/transport/settings.ts';
import {
  TransportFailure,
  type Endpoint,
  type Exchange,
  type ExchangeResult,
} from '../../../src/transport/transport.ts';
import type { Dice } from '../kernel/dice.ts';
import type { SimProcess } from '../kernel/process.ts';
import { theWorld, type Event } from '../kernel/world.ts';
import { theScene } from '../scene.ts';
import { answerInstall } from './install.ts';
import type { Ended, SimNode } from './node.ts';

/** A warm session: it works as long as the machine on the other side is the one that it was opened to. */
export interface Session {
  readonly boots: number;
  readonly hostKey: string;
}

interface Parts {
  readonly process: SimProcess;
  readonly settings: TransportSettings;
  readonly sessions: Map<string, Session>;
  readonly endpoint: Endpoint;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

// Three signs of life without an answer end a session.
const keepaliveMs = 15_000;

/** Where a session goes and as whom. */
export function classOf(endpoint: Endpoint): string {
  return `${endpoint.user}@${endpoint.host}:${String(endpoint.port)}`;
}

/** One exchange on its way: each stage waits for the network and for the process, which may be dead or paused by then. */
export class Flight {
  readonly result: Promise<ExchangeResult>;
  private readonly parts: Parts;
  private readonly settle = Promise.withResolvers<ExchangeResult>();
  private readonly dice: Dice;
  private readonly deadline: Event;
  private phase: 'dial' | 'auth' | 'exec' = 'dial';
  /** The machine at the other end, once there is one: somebody else may have its address by then. */
  private party: SimNode | undefined;
  private over = false;

  constructor(parts: Parts) {
    this.parts = parts;
    this.dice = this.node?.dice ?? theScene().network;
    this.result = this.settle.promise;
    const { exchange, signal } = parts;
    this.deadline = theWorld().timer(exchange.deadlineMs, () => this.late());
    signal.addEventListener('abort', this.onAbort, { once: true });
    this.begin();
  }

  private readonly onAbort = (): void => {
    this.end(() => this.settle.reject(this.parts.signal.reason as Error));
  };

  get to(): string {
    return classOf(this.parts.endpoint);
  }

  get stdin(): Buffer {
    return this.parts.exchange.stdin;
  }

  private get node(): SimNode | undefined {
    return theScene().nodes.get(this.parts.endpoint.host);
  }

  private begin(): void {
    const { sessions, endpoint, settings } = this.parts;
    const session = sessions.get(classOf(endpoint));
    if (session === undefined || this.parts.exchange.fresh === true) {
      this.dial();
      return;
    }
    // Whoever has the address now is not the machine at the other end.
    const isHe = this.node?.boots === session.boots && this.node.hostKey === session.hostKey;
    const alive = this.node?.link === 'up' && isHe;
    if (alive && endpoint.pins.some((pin) => pin.key === session.hostKey)) {
      this.party = this.node;
      this.stage(0, () => this.send());
      return;
    }
    sessions.delete(classOf(endpoint));
    // A peer that is gone says so at once; one that is cut off costs the time in which a channel should have opened.
    const wedged = this.node?.link === 'silent' || this.node?.link === 'mute';
    this.stage(wedged ? settings.warmChannelMs : 1, () => this.dial());
  }

  private dial(): void {
    const rttMs = 1 + this.dice.unit() * 25;
    const { dialMs, readyMs } = this.parts.settings;
    switch (this.node?.link ?? 'unreachable') {
      case 'up':
        this.stage(rttMs * 3, () => this.login());
        return;
      case 'refused':
        this.fail(rttMs, 'refused', false);
        return;
      case 'unreachable':
        this.fail(1, 'unreachable', false);
        return;
      case 'silent':
        this.fail(dialMs, 'timeout', false);
        return;
      case 'mute':
        this.fail(readyMs, 'timeout', false);
        return;
      case 'throttled':
        this.fail(rttMs, 'throttled', true);
    }
  }

  private login(): void {
    const { endpoint, sessions } = this.parts;
    const { node } = this;
    if (node?.link !== 'up') {
      this.dial();
      return;
    }
    this.phase = 'auth';
    if (!endpoint.pins.some((pin) => pin.key === node.hostKey)) {
      const cause = endpoint.pins.length === 0 ? 'hostkey_unpinned' : 'hostkey_changed';
      this.fail(1, cause, true, node.hostKey);
      return;
    }
    if (!node.acceptsKey) {
      this.fail(5, 'auth', true);
      return;
    }
    if (this.parts.exchange.fresh !== true)
      sessions.set(classOf(endpoint), { boots: node.boots, hostKey: node.hostKey });
    this.party = node;
    this.stage(1, () => this.send());
  }

  /** The bytes leave: from here on the request travels without us. */
  private send(): void {
    this.phase = 'exec';
    const { process, exchange } = this.parts;
    process.touch();
    const { node } = this;
    if (node === undefined) return;
    if (node !== this.party) {
      this.fail(keepaliveMs, 'connection_lost', true);
      return;
    }
    const boots = node.boots;
    const trouble = this.dice.chance(node.trouble);
    const fate = node.fate ?? (trouble ? this.dice.pick(fates) : 'arrives');
    theScene().sent(process, node, exchange);
    if (fate === 'lost') {
      this.fail(this.dice.unit() * 3_000, 'connection_lost', true);
      return;
    }
    if (fate === 'foreign') {
      // Something on the way answers from its memory; the node never hears of it.
      this.arrive(node, { exitCode: 0, stdout: node.earlier, stderr: '', truth: node.truth }, fate);
      return;
    }
    if (fate === 'crossed') {
      const others = [...theScene().nodes.values()].filter((each) => each !== node);
      const { latest } = this.dice.pick(others.length === 0 ? [node] : others);
      this.arrive(node, { exitCode: 0, stdout: latest, stderr: '', truth: node.truth }, fate);
      return;
    }
    // A machine that goes down under the command never answers; the keepalive notices.
    const watch = (): void => {
      if (node.link !== 'up' || node.boots !== boots) this.fail(0, 'connection_lost', true);
      else this.stage(keepaliveMs, watch);
    };
    this.stage(keepaliveMs, watch);
    // One that was told to be late comes after its controller has given it up.
    const lateMs = node.fate === 'late' ? 40_000 : this.dice.unit() * 90_000;
    const delayMs = fate === 'late' ? lateMs : 0.5 + this.dice.unit() * 12;
    theWorld().after(delayMs, () => {
      if (node.link !== 'up' || node.boots !== boots) return;
      if (exchange.program === 'install') this.arrive(node, answerInstall(node, exchange.stdin), fate);
      else {
        const stdin =
          fate === 'cut'
            ? exchange.stdin.subarray(0, this.dice.int(0, exchange.stdin.length - 1))
            : exchange.stdin;
        node.receive(stdin, process.name, (ended) => this.arrive(node, ended, fate));
      }
    });
  }

  private arrive(node: SimNode, ended: Ended, fate: Fate): void {
    const { process } = this.parts;
    theScene().answered(node, ended);
    if (node.link !== 'up' || fate === 'unanswered') {
      this.fail(this.dice.unit() * 15_000, 'connection_lost', true);
      return;
    }
    theWorld().after(
      0.5 + this.dice.unit() * 12,
      () => {
        if (this.over) return;
        if (ended.truth !== undefined) theScene().delivered(process, node, ended.truth);
        this.end(() => this.settle.resolve(shaped(ended, fate, node.hostKey)));
      },
      process,
    );
  }

  private stage(ms: number, act: () => void): void {
    const { process } = this.parts;
    theWorld().after(
      ms,
      () => {
        if (!this.over) act();
      },
      process,
    );
  }

  private fail(ms: number, cause: CauseClass, reached: boolean, hostKey?: string): void {
    const started = this.phase === 'exec';
    this.stage(ms, () => {
      if (started) this.parts.sessions.delete(classOf(this.parts.endpoint));
      this.end(() =>
        this.settle.reject(new TransportFailure(cause, `sim: ${cause}`, reached, { started, hostKey })),
      );
    });
  }

  private late(): void {
    const { phase } = this;
    this.parts.sessions.delete(classOf(this.parts.endpoint));
    const failure =
      phase === 'exec'
        ? new TransportFailure('deadline', 'no end of the command', true, { started: true })
        : new TransportFailure('timeout', `no end of ${phase}`, phase === 'auth');
    this.end(() => this.settle.reject(failure));
  }

  private end(act: () => void): void {
    if (this.over) return;
    this.over = true;
    this.deadline.cancelled = true;
    this.parts.signal.removeEventListener('abort', this.onAbort);
    act();
  }
}

const fates = [
  'lost',
  'unanswered',
  'late',
  'cut',
  'noisy',
  'garbled',
  'unsure',
  'foreign',
  'crossed',
] as const;
type Fate = (typeof fates)[number] | 'arrives';

/** What reaches the controller of what a node said. */
function shaped(ended: Ended, fate: Fate, hostKey: string): ExchangeResult {
  const phases = { dialMs: 1, authMs: 1, execMs: 1 };
  const base = { exitCode: ended.exitCode, signal: undefined, stderr: ended.stderr, phases, hostKey };
  switch (fate) {
    case 'noisy':
      return { ...base, stdout: Buffer.concat([Buffer.from('Last login: never\n{"sc":1}\n'), ended.stdout]) };
    case 'garbled':
      return { ...base, stdout: ended.stdout.subarray(0, Math.floor(ended.stdout.length / 2)) };
    case 'unsure':
      return { ...base, exitCode: undefined, stdout: Buffer.alloc(0) };
    default:
      return { ...base, stdout: ended.stdout };
  }
}
