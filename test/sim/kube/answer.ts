import { Readable } from 'node:stream';
import type { SimProcess } from '../kernel/process.ts';

/** An HTTP answer as the product's client sees it. */
export class Answer extends Readable {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly process: SimProcess;

  constructor(statusCode: number, headers: Readonly<Record<string, string>>, process: SimProcess) {
    super({ read: () => undefined });
    this.statusCode = statusCode;
    this.headers = headers;
    this.process = process;
    // A connection that breaks after its reader has left is nobody's business.
    this.on('error', () => undefined);
  }

  /** The connection breaks. */
  break(): void {
    this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  }
}
