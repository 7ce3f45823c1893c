import type { Clock } from '../lib/clock.ts';
import { systemRandom, type Random } from '../lib/random.ts';
import { hostWithPort } from './address.ts';
import { Credentials } from './credentials.ts';
import { hopsOf } from './hops.ts';
import { LoginRecord, type LoginLimits } from './login-record.ts';
import { LoginVisit } from './login-visit.ts';
import { Pace } from './pace.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

/** A host that drops connections is asked this often before anybody is told: one drop says nothing of the node. */
const observations = 3;
const forgetEveryMs = 10_000;
/** A login that takes more than this part of its time limit comes close to it: no more of them at once. */
const soonPart = 4;

/**
 * Spaces new logins, host by host, so that no sshd of a fleet has reason to shut us out: a bucket of tokens (MaxStartups), growing
 * waits after connections that were dropped (PerSourcePenalties), and no second login with keys that were refused (fail2ban).
 * All of them together keep the pace that this machine can.
 */
export class Logins {
  readonly credentials: Credentials;
  readonly #limits: LoginLimits;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #records = new Map<string, LoginRecord>();
  readonly #pace: Pace;
  #forgotAtMs = 0;

  constructor(
    limits: LoginLimits & { readonly readyMs: number },
    clock: Clock,
    random: Random = systemRandom,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
    this.credentials = new Credentials(clock);
    this.#pace = new Pace(clock, limits.readyMs / soonPart);
  }

  /** Hosts of which something is remembered. */
  get size(): number {
    this.#forget(this.#clock.monotonic());
    return this.#records.size;
  }

  /**
   * A login that is to be made. `insist`: a person asks, so keys that were refused are tried again. `passing`: one process logs in
   * here only on its way to another host.
   */
  visit(endpoint: Endpoint, insist: boolean, passing = false): LoginVisit {
    const now = this.#clock.monotonic();
    if (now - this.#forgotAtMs > forgetEveryMs) this.#forget(now);
    const host = placeOf(endpoint);
    const record = this.#records.get(host) ?? new LoginRecord();
    this.#records.set(host, record);
    return new LoginVisit({
      clock: this.#clock,
      limits: this.#limits,
      record,
      insist,
      pace: passing ? undefined : this.#pace,
      who: JSON.stringify([endpoint.user, endpoint.identities, endpoint.agentSocket]),
      stamp: () => this.credentials.ofLogin(endpoint),
      spread: () => this.#random.unit(),
    });
  }

  /** Why a login would not be let through in time, if so: nobody has to wait for that. */
  tooLate(endpoint: Endpoint, leftMs: number): TransportFailure | undefined {
    const now = this.#clock.monotonic();
    for (const hop of hopsOf(endpoint)) {
      const record = this.#records.get(placeOf(hop));
      const waitMs = record?.waitMs(now, this.#limits) ?? 0;
      if (record === undefined || waitMs < leftMs) continue;
      return new TransportFailure(
        'throttled',
        `${hostWithPort(hop.host, hop.port)}: ${told(record, waitMs)}`,
        false,
      );
    }
    return undefined;
  }

  /** True where a host of the way dropped us so seldom that it is asked once more, and there is time for it. */
  again(endpoint: Endpoint, leftMs: number): boolean {
    const records = hopsOf(endpoint).map((hop) => this.#records.get(placeOf(hop)));
    const drops = Math.max(0, ...records.map((record) => record?.drops ?? 0));
    return drops > 0 && drops < observations && this.tooLate(endpoint, leftMs) === undefined;
  }

  /** True while somebody waits for a turn at one of the hosts of the way. */
  isWaiting(endpoint: Endpoint): boolean {
    return hopsOf(endpoint).some((hop) => (this.#records.get(placeOf(hop))?.waiting ?? 0) > 0);
  }

  /** Drops what is known of hosts that nothing is left to know of. */
  #forget(now: number): void {
    this.#forgotAtMs = now;
    for (const [host, record] of this.#records) if (record.isSpent(now)) this.#records.delete(host);
  }
}

function told(record: LoginRecord, waitMs: number): string {
  const seconds = `${String(Math.ceil(waitMs / 1_000))} s`;
  return record.drops > 0
    ? `closed before the SSH banner ${String(record.drops)} times in a row, left alone for ${seconds}`
    : `too many logins of ours just now, the next one in ${seconds} (ssh.loginBurst, ssh.loginRefillMs)`;
}

/** One sshd: behind a jump host the same address may be another machine. */
function placeOf(endpoint: Endpoint): string {
  return [...endpoint.jumps, endpoint].map(({ host, port }) => hostWithPort(host, port)).join(' ');
}
