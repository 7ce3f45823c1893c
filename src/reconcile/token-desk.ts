import { isoSeconds, type Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { tokenRoleOf } from '../model/token.ts';
import type { TokenDesk, TokenReport, TokenRequest } from '../contract/tokens.ts';
import type { Actor } from '../contract/controller.ts';
import type { DurableDecisions } from '../store/decisions.ts';
import type { TokenRecord } from '../store/records.ts';
import type { DurableTokens } from '../store/tokens.ts';

/** What the owner says of tokens. Each word is audited. */
export class AuditedTokens implements TokenDesk {
  private readonly tokens: DurableTokens;
  private readonly decisions: DurableDecisions;
  private readonly clock: Clock;

  constructor(parts: { tokens: DurableTokens; decisions: DurableDecisions; clock: Clock }) {
    this.tokens = parts.tokens;
    this.decisions = parts.decisions;
    this.clock = parts.clock;
  }

  list(): Promise<readonly TokenReport[]> {
    return Promise.resolve(this.tokens.list().map((record) => this.reportOf(record)));
  }

  async mint({ name, role, expires, actor }: TokenRequest): ReturnType<TokenDesk['mint']> {
    if (expires !== undefined && Date.parse(expires) <= this.clock.now())
      throw new SyncError('usage', `token: expected an end in the future, got ${expires}`, {
        remedy: `it is ${isoSeconds(this.clock.now())}`,
      });
    const { who, reason } = actor;
    const secret = await this.tokens.mint({ name, role, expires, who, reason });
    await this.decisions.audit(actor, 'token mint', `${name} as ${role}`);
    const record = this.tokens.list().find((one) => one.name === name);
    if (record === undefined) throw new SyncError('internal', `token ${name} is gone`);
    return { secret, token: this.reportOf(record) };
  }

  async revoke({ name, actor }: { readonly name: string; readonly actor: Actor }): Promise<void> {
    await this.tokens.revoke(name);
    await this.decisions.audit(actor, 'token revoke', name);
  }

  private reportOf(record: TokenRecord): TokenReport {
    const { name, since, who, why, expires } = record;
    const role = tokenRoleOf(record.role);
    const over = this.tokens.isOver(record);
    return { name, role, since, by: who, why: why ?? null, expires: expires ?? null, over };
  }
}
