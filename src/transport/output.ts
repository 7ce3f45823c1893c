import { printable } from '../lib/text.ts';

/** Bytes of talk that are kept: the beginning, where programs say what is wrong. */
export const maxTalkBytes = 4_096;

/** Collects the output of one command without ever holding more than its limits. */
export class Output {
  readonly #limit: number;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #stdoutBytes = 0;
  #stderrBytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false once there is more than may be kept. */
  takeStdout(chunk: Buffer): boolean {
    this.#stdoutBytes += chunk.length;
    if (this.#stdoutBytes > this.#limit) return false;
    this.#stdout.push(chunk);
    return true;
  }

  takeStderr(chunk: Buffer): void {
    const room = maxTalkBytes - this.#stderrBytes;
    if (room <= 0) return;
    this.#stderr.push(chunk.subarray(0, room));
    this.#stderrBytes += Math.min(room, chunk.length);
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return printable(Buffer.concat(this.#stderr).toString('utf8').replaceAll('\r\n', '\n')).trim();
  }
}
