import { loggerOver, type Logger } from '../../../src/lib/logger.ts';

/** A log that nobody reads but the bench: it tells when a line comes. */
export interface Speaker {
  readonly log: Logger;
  hear(message: string): Promise<number>;
  complaint(): string | undefined;
}

export function speaker(): Speaker {
  const waiting = new Map<string, (at: number) => void>();
  let complaint: string | undefined;
  const log = loggerOver((level, message, fields) => {
    waiting.get(message)?.(performance.now());
    waiting.delete(message);
    if (level === 'error' || level === 'warn') complaint = `${message} ${JSON.stringify(fields)}`;
  });
  return {
    log,
    hear: (message) => new Promise((resolve) => waiting.set(message, resolve)),
    complaint: () => complaint,
  };
}
