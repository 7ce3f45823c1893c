import type { FeedEvent } from '../../contract/events.ts';

/** What a piece of a stream of server-sent events held. */
export interface Heard {
  readonly events: readonly FeedEvent[];
  /** The number of the newest one, to go on from after a break. */
  readonly lastId: string | undefined;
}

/** Takes the text of a stream piece by piece. An event may be cut anywhere between two pieces. */
export class EventStream {
  private rest = '';

  take(piece: string): Heard {
    const blocks = (this.rest + piece.replaceAll('\r\n', '\n')).split('\n\n');
    this.rest = blocks.pop() ?? '';
    const events: FeedEvent[] = [];
    let lastId: string | undefined;
    for (const block of blocks) {
      const fields = fieldsOf(block);
      const [event, data] = [fields.get('event'), fields.get('data')];
      lastId = fields.get('id') ?? lastId;
      if (event === undefined || data === undefined || !known.has(event)) continue;
      // The daemon that this page came from has sent it, in the form of its own contract.
      events.push({ event, data: JSON.parse(data) as unknown } as FeedEvent);
    }
    return { events, lastId };
  }
}

/** An event of a later release is passed over. */
const known: ReadonlySet<string> = new Set<FeedEvent['event']>(['status', 'node', 'gone', 'controller']);

function fieldsOf(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/u.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const before = fields.get(name);
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value);
  }
  return fields;
}
