import type { Duplex } from 'node:stream';

/** The line that names the protocol, its end included (RFC 4253, 4.2). */
const identificationBytes = 255;
/** Of all that a server may say before it. */
const talkBytes = 65_536;
const talkLines = 50;
/** ssh2 gives up on a longer line by itself, in words of its own. */
const lineBytes = 8_000;

type Listener = (chunk: Buffer) => void;

/**
 * Keeps what a server says first from whoever comes to listen until the whole identification line is there, and gives it over in
 * one piece: ssh2 loses a greeting that comes in three or more segments. What is written to the stream leaves at once, so that a
 * server which waits for us to speak first hears us.
 */
export function holdGreeting(stream: Duplex, onExcess: (evidence: string) => void): void {
  const waiting: Listener[] = [];
  let held = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    const verdict = judge(held);
    if (verdict === 'more') return;
    stop();
    if (verdict === 'whole') giveOver();
    else onExcess(verdict);
  };
  const giveOver = (): void => {
    for (const listener of waiting) stream.on('data', listener);
    for (const listener of waiting) listener.call(stream, held);
  };
  const onListener = (event: string | symbol, listener: Listener): void => {
    if (event !== 'data' || listener === take) return;
    // No byte can come before the microtasks have run: a stream flows from the next tick on.
    queueMicrotask(() => {
      if (!stream.listeners('data').includes(listener)) return;
      stream.off('data', listener);
      waiting.push(listener);
      if (waiting.length === 1) stream.on('data', take);
    });
  };
  const stop = (): void => {
    stream.off('newListener', onListener);
    stream.off('data', take);
    stream.off('close', stop);
  };
  stream.on('newListener', onListener);
  stream.once('close', stop);
}

/** Whether the identification line is whole, may still come, or what is wrong with what came instead. */
export function judge(said: Buffer): 'whole' | 'more' | (string & {}) {
  let start = 0;
  for (let lines = 0; ; lines += 1) {
    const end = said.indexOf(10, start);
    const length = (end === -1 ? said.length : end + 1) - start;
    const named = said.toString('latin1', start, start + 4) === 'SSH-';
    if (named && length > identificationBytes)
      return `an identification line of more than ${String(identificationBytes)} bytes`;
    if (length > lineBytes) return `a line of more than ${String(lineBytes)} bytes before the SSH banner`;
    if (end === -1) break;
    if (named) return 'whole';
    if (lines >= talkLines) return `more than ${String(talkLines)} lines before the SSH banner`;
    start = end + 1;
  }
  return said.length > talkBytes ? `more than ${String(talkBytes)} bytes before the SSH banner` : 'more';
}
