import type { Message } from './alert.ts';

/** A place that messages go to. */
export interface Target {
  readonly name: string;
  readonly kind: string;
  /** Where it is, without anything secret. */
  readonly place: string;
  /** One delivery ends by then, whatever the target does. */
  readonly timeoutMs: number;
  /** Delivers one message; rejects where the target has not taken it. */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** A target has answered, and has not taken the message. */
export class Refused extends Error {
  /** True where the same message would be refused again. */
  readonly final: boolean;
  /** How long the target asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, more: { final: boolean; retryAfterMs?: number | undefined }) {
    super(message);
    this.name = 'Refused';
    this.final = more.final;
    this.retryAfterMs = more.retryAfterMs;
  }
}
