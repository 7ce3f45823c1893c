import type { ClientChannel } from 'ssh2';
import { resultCodes } from '../wire/results.ts';
import { Output } from './output.ts';
import { watchStall, type FeedOptions, type RunResult } from './ssh2-run.ts';
import type { Exchange } from './transport.ts';
import { TransportFailure } from './transport.ts';

/** What a receiver is told first, so that it stays for further requests (docs/protocol.md). */
const stayLine = Buffer.from('SC1 stay\n');

/** Told of a receiver that does not know how to stay: the request was not looked at. */
export const cannotStay = Symbol('cannot stay');

interface Asked {
  readonly output: Output;
  readonly whole: NonNullable<Exchange['whole']>;
  readonly settle: PromiseWithResolvers<RunResult>;
}

/** A channel on which one receiver answers one request after the other: no shell, no sudo and no start of a program per push. */
export class ResidentChannel {
  readonly #channel: ClientChannel;
  readonly #lostBecause: () => string | undefined;
  #asked: Asked | undefined;
  #ending: Pick<RunResult, 'exitCode' | 'signal'> = { exitCode: undefined, signal: undefined };
  #state: 'idle' | 'busy' | 'gone' = 'idle';
  #fresh = true;

  /** To be called in the very callback that hands the channel over. */
  constructor(channel: ClientChannel, lostBecause: () => string | undefined) {
    this.#channel = channel;
    this.#lostBecause = lostBecause;
    channel.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#asked?.output.takeStderr(chunk);
    });
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#ending = { exitCode: code ?? undefined, signal };
    });
    channel.on('close', () => {
      this.#onClose();
    });
    channel.on('error', () => undefined);
  }

  isGone(): boolean {
    return this.#state === 'gone';
  }

  /** Takes the receiver for one request. @returns false where somebody else has it. */
  claim(): boolean {
    if (this.#state !== 'idle') return false;
    this.#state = 'busy';
    return true;
  }

  /**
   * Sends one request on a claimed channel and waits for the whole answer.
   * @returns the answer, how the receiver ended instead, or that it cannot stay.
   * @throws TransportFailure
   */
  async ask(
    exchange: Exchange & { readonly whole: NonNullable<Exchange['whole']> },
    feed: Omit<FeedOptions, 'stdin' | 'keepOpen'>,
  ): Promise<RunResult | typeof cannotStay> {
    const first = this.#fresh;
    this.#fresh = false;
    const settle = Promise.withResolvers<RunResult>();
    this.#asked = { output: new Output(exchange.maxOutputBytes), whole: exchange.whole, settle };
    const stdin = first ? Buffer.concat([stayLine, exchange.stdin]) : exchange.stdin;
    const stall = watchStall(this.#channel, { ...feed, stdin, keepOpen: true });
    try {
      const result = await Promise.race([settle.promise, stall.stalled]);
      const refused = first && result.exitCode === resultCodes.REQUEST;
      return refused && exchange.whole(result.stdout) === 'no' ? cannotStay : result;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      stall.stop();
      this.#asked = undefined;
    }
  }

  /** Ends the receiver's input: it ends by itself. */
  close(): void {
    this.#state = 'gone';
    this.#channel.end();
    this.#channel.close();
  }

  #take(chunk: Buffer): void {
    if (this.#asked === undefined) return;
    const { output, whole, settle } = this.#asked;
    if (!output.takeStdout(chunk)) {
      const evidence = 'more output than an answer may have';
      settle.reject(new TransportFailure('no_receipt', evidence, true, { started: true }));
      return;
    }
    const state = whole(output.stdout);
    if (state === 'no') return;
    if (state === 'stays') this.#state = 'idle';
    else this.close();
    settle.resolve({ exitCode: 0, signal: undefined, stdout: output.stdout, stderr: output.stderr });
  }

  #onClose(): void {
    this.#state = 'gone';
    if (this.#asked === undefined) return;
    const { output, settle } = this.#asked;
    const lost = this.#lostBecause();
    if (lost === undefined) settle.resolve({ ...this.#ending, stdout: output.stdout, stderr: output.stderr });
    else settle.reject(new TransportFailure('connection_lost', lost, true, { started: true }));
  }
}
