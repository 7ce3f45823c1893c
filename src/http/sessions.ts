import { createHmac, timingSafeEqual } from 'node:crypto';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { TokenRecord } from '../store/records.ts';
import type { SessionFile, SessionState } from './session-file.ts';

/** A session whose token still holds. */
export interface Session {
  readonly id: string;
  readonly holder: TokenRecord;
  /** ISO time. */
  readonly expires: string;
  readonly csrf: string;
}

/** Tokens by their names; `DurableTokens` is one. */
export interface NamedHolders {
  holderNamed(name: string): TokenRecord | undefined;
}

export interface SessionsParts {
  readonly holders: NamedHolders;
  readonly clock: Clock;
  readonly random: Random;
  readonly hours: number;
  /** Absent, sessions end with the process. */
  readonly file?: SessionFile;
}

/** Sign-outs that are remembered at most; beyond them a new key ends every session. */
const mostEnded = 1_000;

/**
 * Sessions of browsers. A cookie names a token and is sealed with a key of ours over the digest of that token, so nothing is
 * kept for a session until somebody signs out, and it ends at once when its token is revoked or over. The token itself never
 * stands in a cookie: browsers send those to every port of a host.
 */
export class Sessions {
  readonly #parts: SessionsParts;
  #state: SessionState | undefined;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** @returns the text of the cookie and what it stands for. */
  open(holder: TokenRecord): { readonly cookie: string; readonly session: Session } {
    const began = this.#seconds();
    const id = this.#parts.random.hex(16);
    const fields = [Buffer.from(holder.name).toString('base64url'), String(began), id];
    const cookie = [...fields, this.#seal([...fields, holder.hash])].join('.');
    return { cookie, session: this.#sessionOf(holder, began, id) };
  }

  /** What a cookie stands for; undefined where that is over, or was never ours. */
  read(cookie: string): Session | undefined {
    const [, name, began, id, seal] =
      /^([\w-]{1,100})\.(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})$/u.exec(cookie) ?? [];
    if (name === undefined || began === undefined || id === undefined || seal === undefined) return undefined;
    const holder = this.#parts.holders.holderNamed(Buffer.from(name, 'base64url').toString());
    if (holder === undefined || !isSame(seal, this.#seal([name, began, id, holder.hash]))) return undefined;
    const session = this.#sessionOf(holder, Number(began), id);
    const isOver = Date.parse(session.expires) <= this.#parts.clock.now();
    return isOver || this.#kept().ended[id] !== undefined ? undefined : session;
  }

  /** Ends a session before its time, also for who has a copy of its cookie. */
  end({ id, expires }: Session): void {
    const now = this.#seconds();
    const { key, ended } = this.#kept();
    const open = Object.entries(ended).filter(([, until]) => until > now);
    const next = { key, ended: { ...Object.fromEntries(open), [id]: Date.parse(expires) / 1_000 } };
    this.#state = open.length < mostEnded ? next : { key: this.#parts.random.hex(32), ended: {} };
    this.#parts.file?.save(this.#state);
  }

  #sessionOf(holder: TokenRecord, began: number, id: string): Session {
    const own = (began + this.#parts.hours * 3_600) * 1_000;
    const ends = holder.expires === undefined ? own : Math.min(own, Date.parse(holder.expires));
    return { id, holder, expires: isoSeconds(ends), csrf: this.#seal(['csrf', id]) };
  }

  #seal(fields: readonly string[]): string {
    return createHmac('sha256', this.#kept().key).update(fields.join('\n')).digest('hex');
  }

  /** Read with the first session, not with the start: most daemons never have one. */
  #kept(): SessionState {
    const { file, random } = this.#parts;
    this.#state ??= file?.load() ?? { key: random.hex(32), ended: {} };
    return this.#state;
  }

  #seconds(): number {
    return Math.floor(this.#parts.clock.now() / 1_000);
  }
}

/** Compares without telling by the time where two texts differ. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
