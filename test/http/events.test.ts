import { describe, expect, it } from 'vitest';
import { eventSchema } from '../../src/contract/events.ts';
import { routes } from '../../src/contract/routes.ts';
import { offline, status, verified } from '../cli/controller-double.ts';
import { openDoor, type Door } from './door.ts';

const since = { since: '', lastSync: null, lastAttempt: null, hint: false };

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Reads events as a browser does, until the test has what it waits for. */
class Reader {
  readonly told: Told[] = [];
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(response: Response) {
    this.#reading = this.#read(response).catch(() => undefined);
  }

  static async open(door: Door, token: string, after?: string): Promise<Reader> {
    const headers = after === undefined ? {} : { 'last-event-id': after };
    const response = await door.ask(routes.events.path, { token, headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    return new Reader(response);
  }

  async has(count: number): Promise<readonly Told[]> {
    await expect.poll(() => this.told.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
    return this.told;
  }

  async leave(): Promise<string> {
    this.#stop.abort();
    await this.#reading;
    return this.told.at(-1)?.id ?? '';
  }

  async #read(response: Response): Promise<void> {
    const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
    this.#stop.signal.addEventListener('abort', () => void reader?.cancel());
    let text = '';
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return;
      text += new TextDecoder().decode(part.value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const [id = '', event, data] = ['id', 'event', 'data'].map((name) => fields.get(name));
    if (event === undefined || data === undefined) return;
    const parsed = { id, event, data: JSON.parse(data) as unknown };
    expect(eventSchema.safeParse({ event, data: parsed.data }).error).toBeUndefined();
    this.told.push(parsed);
  }
}

async function scene(): Promise<{ readonly door: Door; readonly token: string }> {
  const door = await openDoor();
  door.controller.state = status({ nodes: [{ ...verified('a'), ...since }] });
  return { door, token: await door.token('viewer') };
}

describe('the stream of events', () => {
  it('begins with everything, then tells what changes and nothing else', async () => {
    const { door, token } = await scene();
    const reader = await Reader.open(door, token);
    await reader.has(1);
    door.controller.state = status({
      nodes: [
        { ...offline('a'), ...since },
        { ...verified('b'), ...since },
      ],
    });
    await reader.has(3);
    door.controller.state = status({ nodes: [{ ...verified('b'), ...since }], standing: 'paused' });
    await reader.has(5);
    await reader.leave();
    expect(reader.told.map(({ event }) => event)).toEqual(['status', 'node', 'node', 'gone', 'controller']);
    expect(reader.told.at(-1)?.data).toMatchObject({ standing: 'paused' });
    expect(reader.told.at(-1)?.data).not.toHaveProperty('nodes');
    expect(new Set(reader.told.map(({ id }) => id)).size).toBe(5);
  });

  it('gives who returns what it missed, and everything anew to who was away for longer than it remembers', async () => {
    const { door, token } = await scene();
    const first = await Reader.open(door, token);
    await first.has(1);
    const after = await first.leave();
    const watching = await Reader.open(door, token);
    await watching.has(1);
    door.controller.state = status({ nodes: [{ ...offline('a'), ...since }] });
    await watching.has(2);
    const back = await Reader.open(door, token, after);
    expect(await back.has(1)).toMatchObject([{ event: 'node', data: { name: 'a', state: 'pending_sync' } }]);
    const stranger = await Reader.open(door, token, 'ffffffff-7');
    expect(await stranger.has(1)).toMatchObject([{ event: 'status' }]);
    for (const one of [watching, back, stranger]) await one.leave();
  });

  it('reaches a hundred listeners', async () => {
    const { door, token } = await scene();
    const readers = await Promise.all(Array.from({ length: 100 }, () => Reader.open(door, token)));
    await Promise.all(readers.map((reader) => reader.has(1)));
    door.controller.state = status({ nodes: [{ ...offline('a'), ...since }] });
    await Promise.all(readers.map((reader) => reader.has(2)));
    await Promise.all(readers.map((reader) => reader.leave()));
  });
});
