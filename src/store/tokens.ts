import { isoSeconds, type Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import { required, type Durable } from './durable.ts';
import type { TokenRecord } from './records.ts';
import { hashOf, keptOf, needReadable, newSecret } from './token-secret.ts';

/** What a token is minted for. */
export interface TokenWish {
  readonly name: string;
  readonly role: string;
  /** ISO time; left out, it holds until it is revoked. */
  readonly expires: string | undefined;
  readonly who: string;
  readonly reason: string | undefined;
}

/** Tokens of the API, readable at once, kept durably. The secret is shown once, when it is minted, and kept nowhere. */
export class DurableTokens {
  private readonly durable: Durable;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly byHash = new Map<string, TokenRecord>();

  private constructor(durable: Durable, clock: Clock, random: Random) {
    this.durable = durable;
    this.clock = clock;
    this.random = random;
  }

  static async open(durable: Durable, clock: Clock, random: Random): Promise<DurableTokens> {
    const tokens = new DurableTokens(durable, clock, random);
    const kept = await durable.ask('tokens');
    if (kept.available) for (const record of kept.value) tokens.byHash.set(record.hash, record);
    return tokens;
  }

  /** Whose secret it is; undefined for one that is unknown or over. @throws SyncError `unavailable` where the store is damaged. */
  holderOf(secret: string): TokenRecord | undefined {
    needReadable(this.durable, 'tokens');
    const record = this.byHash.get(keptOf('sct', secret) ?? '');
    return record === undefined || this.isOver(record) ? undefined : record;
  }

  /** The token of a name; undefined where there is none or it is over. @throws SyncError `unavailable` where the store is damaged. */
  holderNamed(name: string): TokenRecord | undefined {
    needReadable(this.durable, 'tokens');
    for (const record of this.byHash.values())
      if (record.name === name) return this.isOver(record) ? undefined : record;
    return undefined;
  }

  list(): readonly TokenRecord[] {
    return [...this.byHash.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  isOver({ expires }: TokenRecord): boolean {
    return expires !== undefined && Date.parse(expires) <= this.clock.now();
  }

  /** @returns the secret, which nobody sees again. @throws SyncError `conflict` where the name is taken. */
  async mint({ name, role, expires, who, reason }: TokenWish): Promise<string> {
    const secret = newSecret('sct', this.random);
    const since = isoSeconds(this.clock.now());
    const record: TokenRecord = { name, role, hash: hashOf(secret), who, why: reason, since, expires };
    if (!required(await this.durable.ask('addToken', record), 'token'))
      throw new SyncError(
        'conflict',
        `token: expected a new name, got ${JSON.stringify(name)}, which is taken`,
        {
          remedy: `choose another name, or end it: syncctl token revoke ${name}`,
        },
      );
    this.byHash.set(record.hash, record);
    return secret;
  }

  /** Ends a token at once. @throws SyncError `notFound`. */
  async revoke(name: string): Promise<void> {
    if (!required(await this.durable.ask('dropToken', name), 'token'))
      throw new SyncError('notFound', `token: expected the name of one, got ${JSON.stringify(name)}`, {
        remedy: 'see them with: syncctl token list',
      });
    for (const { hash, name: held } of this.list()) if (held === name) this.byHash.delete(hash);
  }
}
