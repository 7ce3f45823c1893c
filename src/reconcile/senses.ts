import { isoSeconds, type Clock } from '../lib/clock.ts';
import type { Links } from '../lib/links.ts';
import type { Logger } from '../lib/logger.ts';
import { jittered, type Random } from '../lib/random.ts';
import type { Peer, Tailnet } from '../lib/tailnet.ts';
import type { NodeId } from '../model/node.ts';
import { ownNetworkFault } from './own-network.ts';
import type { Presence } from './presence.ts';

/** The machine's own ways to know more than a probe does. */
export interface Surroundings {
  links(): Promise<Links>;
  /** Left out where it is not to be asked. */
  readonly tailnet?: (signal: AbortSignal) => Promise<Tailnet>;
}

export interface SensesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly presence: Pick<Presence, 'absent' | 'anyAbsent' | 'hint' | 'sweep'>;
  readonly around: Surroundings;
  /** How many nodes there are. */
  readonly nodes: () => number;
}

/** The controller's own network, where it rather than the nodes seems to be at fault. */
export interface OwnNetwork {
  readonly evidence: string;
  readonly since: string;
}

const everyMs = 1_000;
// Further apart than a turn may be late, and further than clocks are slewed.
const gapMs = 5_000;
const tailnetMs = 5_000;
// Tailscale knows none of the absent nodes, or is not there at all.
const strangersMs = 60_000;

/** Notices, while nodes are absent, what may bring them back: another link, the end of a sleep, a peer that is online again. Each is only a hint to probe. */
export class Senses {
  private readonly parts: SensesParts;
  private fault: OwnNetwork | undefined;
  private links: Links | undefined;
  private hadDefaultRoute = false;
  private tailnet: Tailnet | undefined;
  /** As Tailscale last knew them, from before it fell silent if it has. */
  private lastPeers: ReadonlyMap<string, Peer> | undefined;
  private tailnetAtMs = -Infinity;
  private asking = false;
  private wasAt: { readonly wall: number; readonly monotonic: number } | undefined;

  constructor(parts: SensesParts) {
    this.parts = parts;
  }

  /** Why it is rather this machine that is cut off; undefined while a node answers. */
  ownNetwork(): OwnNetwork | undefined {
    return this.fault;
  }

  /** What Tailscale says of an absent node; undefined where it says nothing or the contrary. */
  evidenceOn(id: NodeId): string | undefined {
    const host = this.parts.presence.absent.get(id)?.host;
    const peer = host === undefined ? undefined : this.peers().get(host);
    if (peer === undefined) return undefined;
    if (peer.expired) return 'Tailscale says: its key has expired';
    if (peer.online) return 'Tailscale says: online';
    return `Tailscale says: offline${peer.lastSeen === undefined ? '' : ` since ${peer.lastSeen}`}`;
  }

  /** Looks once a second while somebody is absent, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, presence } = this.parts;
    // What is there while all is well: its loss is news later on.
    await this.look();
    while (!signal.aborted) {
      if (presence.absent.size === 0) {
        this.wasAt = undefined;
        this.judge();
        await presence.anyAbsent(signal);
      }
      const goesOn = await clock.sleep(jittered(everyMs, 0.1, random), signal).then(
        () => true,
        () => false,
      );
      if (!goesOn) return;
      if (this.hasSlept() || (await this.look())) presence.sweep();
      this.ask(signal);
      this.judge();
    }
  }

  /** The wall clock goes on while a machine sleeps, and the monotonic one while this process does. */
  private hasSlept(): boolean {
    const { clock } = this.parts;
    const was = this.wasAt;
    this.wasAt = { wall: clock.now(), monotonic: clock.monotonic() };
    if (was === undefined) return false;
    const passed = this.wasAt.monotonic - was.monotonic;
    return passed > gapMs || Math.abs(this.wasAt.wall - was.wall - passed) > gapMs;
  }

  /** @returns whether the links are others than before. */
  private async look(): Promise<boolean> {
    const links = await this.parts.around.links().catch(() => undefined);
    if (links === undefined) return false;
    const before = this.links;
    this.links = links;
    this.hadDefaultRoute ||= links.hasDefaultRoute === true;
    return before !== undefined && before.fingerprint !== links.fingerprint;
  }

  /** Asks Tailscale in the background when its time has come: a daemon that hangs must not keep the links from being looked at. */
  private ask(signal: AbortSignal): void {
    const { clock, around, presence } = this.parts;
    if (around.tailnet === undefined || this.asking) return;
    const peers = this.peers();
    const isKnown = [...presence.absent.values()].some(({ host }) => peers.has(host));
    if (clock.monotonic() < this.tailnetAtMs + (isKnown ? tailnetMs : strangersMs)) return;
    this.asking = true;
    this.tailnetAtMs = clock.monotonic();
    around
      .tailnet(signal)
      .then((tailnet) => {
        this.hear(tailnet);
      })
      .catch(() => undefined)
      .finally(() => {
        this.asking = false;
      });
  }

  private hear(tailnet: Tailnet): void {
    const [before, was] = [this.lastPeers, this.tailnet];
    this.tailnet = tailnet;
    if (tailnet.kind !== 'up') return;
    this.lastPeers = tailnet.peers;
    const { presence } = this.parts;
    for (const [id, { host }] of presence.absent) {
      if (before?.get(host)?.online === false && tailnet.peers.get(host)?.online === true) presence.hint(id);
    }
    // Tailscale has found its way back: what is true of one peer may be true of all.
    if (was !== undefined && !isConnected(was) && isConnected(tailnet)) presence.sweep();
  }

  private peers(): ReadonlyMap<string, Peer> {
    return this.tailnet?.kind === 'up' ? this.tailnet.peers : nobody;
  }

  /** Told once when it begins and once when it ends. */
  private judge(): void {
    const { clock, log, presence, nodes } = this.parts;
    const { links, hadDefaultRoute, tailnet } = this;
    const absent = [...presence.absent.values()];
    const evidence = ownNetworkFault({ nodes: nodes(), absent, links, hadDefaultRoute, tailnet });
    if (evidence === undefined && this.fault !== undefined)
      log.info('a node answers again: the controller has a network');
    if (evidence !== undefined && this.fault === undefined)
      log.warn('the controller itself seems to have no network', {
        evidence,
        remedy: 'ip route; tailscale status',
      });
    this.fault =
      evidence === undefined ? undefined : { evidence, since: this.fault?.since ?? isoSeconds(clock.now()) };
  }
}

function isConnected(tailnet: Tailnet): boolean {
  return tailnet.kind === 'up' && tailnet.online;
}

const nobody: ReadonlyMap<string, Peer> = new Map();
