import { isoSeconds, type Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { NodeId } from '../model/node.ts';
import { required, type Durable } from './durable.ts';
import type { NodeTokenRecord } from './records.ts';
import { hashOf, keptOf, needReadable, newSecret } from './token-secret.ts';

/**
 * Tokens of nodes that fetch their configuration: each is good for one node and for nothing else. A node has one, and while it is
 * being changed two: the older ends when the newer is first used.
 */
export class DurableNodeTokens {
  private readonly durable: Durable;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly byHash = new Map<string, NodeTokenRecord>();

  private constructor(durable: Durable, clock: Clock, random: Random) {
    this.durable = durable;
    this.clock = clock;
    this.random = random;
  }

  static async open(durable: Durable, clock: Clock, random: Random): Promise<DurableNodeTokens> {
    const tokens = new DurableNodeTokens(durable, clock, random);
    const kept = await durable.ask('nodeTokens');
    if (kept.available) for (const record of kept.value) tokens.byHash.set(record.hash, record);
    return tokens;
  }

  /** Whose secret it is. @throws SyncError `unavailable` where the store is damaged. */
  holderOf(secret: string): NodeTokenRecord | undefined {
    needReadable(this.durable, 'node tokens');
    return this.byHash.get(keptOf('scn', secret) ?? '');
  }

  /** A token that was used: the ones before it end. */
  async used({ hash, node, since }: NodeTokenRecord): Promise<void> {
    // A map keeps the order in which they came, which two of one second do not tell.
    const of = this.of(node);
    const older = of.slice(
      0,
      of.findIndex((record) => record.hash === hash && record.since === since),
    );
    if (older.length > 0) await this.drop(older);
  }

  /** The tokens of a node, the oldest first. */
  of(node: string): readonly NodeTokenRecord[] {
    return [...this.byHash.values()].filter((record) => record.node === node);
  }

  /** @returns the secret, which nobody sees again. At most the newest one before it goes on until this one is used; none where `now`. */
  async mint(wish: {
    readonly node: NodeId;
    readonly who: string;
    readonly reason: string | undefined;
    readonly now: boolean;
  }): Promise<string> {
    const { node, who, reason, now } = wish;
    const secret = newSecret('scn', this.random);
    const record = { hash: hashOf(secret), node, who, why: reason, since: isoSeconds(this.clock.now()) };
    const before = this.of(node);
    required(await this.durable.ask('addNodeToken', record), 'node token');
    this.byHash.set(record.hash, record);
    await this.drop(now ? before : before.slice(0, -1));
    return secret;
  }

  /** Ends every token of a node at once. @returns whether there was one. */
  async revoke(node: string): Promise<boolean> {
    const records = this.of(node);
    await this.drop(records);
    return records.length > 0;
  }

  private async drop(records: readonly NodeTokenRecord[]): Promise<void> {
    if (records.length === 0) return;
    const hashes = records.map(({ hash }) => hash);
    required(await this.durable.ask('dropNodeTokens', hashes), 'node token');
    for (const hash of hashes) this.byHash.delete(hash);
  }
}
