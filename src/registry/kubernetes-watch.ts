import type { Readable } from 'node:stream';
import { fieldOf, configMapOf, type Version } from './kubernetes-objects.ts';

/** One event of a watch over a single object. */
export type WatchEvent =
  | { readonly kind: 'object'; readonly version: Version; readonly gone: boolean }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'unreadable' };

const lineLimitBytes = 4 * 1024 * 1024;

/** The events of a watch stream, line by line; `onBytes` is called for every sign of life. */
export async function* watchEvents(stream: Readable, onBytes: () => void): AsyncGenerator<WatchEvent> {
  let pending: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      onBytes();
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...pending, chunk.subarray(from, end)]).toString('utf8');
        [pending, size, from] = [[], 0, end + 1];
        if (line.trim() !== '') yield eventOf(line);
      }
      size += chunk.length - from;
      if (size > lineLimitBytes) {
        yield { kind: 'unreadable' };
        return;
      }
      if (from < chunk.length) pending.push(chunk.subarray(from));
    }
  } finally {
    stream.destroy();
  }
}

function eventOf(line: string): WatchEvent {
  try {
    const event: unknown = JSON.parse(line);
    const type = fieldOf(event, 'type');
    const object = fieldOf(event, 'object');
    if (type === 'ERROR') return errorOf(object);
    if (type === 'BOOKMARK') {
      const resourceVersion = fieldOf(fieldOf(object, 'metadata'), 'resourceVersion');
      return typeof resourceVersion === 'string'
        ? { kind: 'bookmark', resourceVersion }
        : { kind: 'unreadable' };
    }
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return { kind: 'unreadable' };
    const { uid, resourceVersion } = configMapOf(object);
    return { kind: 'object', version: { uid, resourceVersion }, gone: type === 'DELETED' };
  } catch {
    return { kind: 'unreadable' };
  }
}

function errorOf(status: unknown): WatchEvent {
  const code = fieldOf(status, 'code');
  const reason = fieldOf(status, 'reason');
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return { kind: 'expired' };
  const message = fieldOf(status, 'message');
  return { kind: 'error', message: typeof message === 'string' ? message : `status ${String(code)}` };
}
