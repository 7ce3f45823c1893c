import type { Dice } from '../kernel/dice.ts';
import type { SimProcess } from '../kernel/process.ts';
import type { World } from '../kernel/world.ts';
import { Answer } from './answer.ts';
import { KubeServer, shown, type Reply, type Request, type Stored } from './server.ts';
import { Watcher } from './watcher.ts';
import { Weather, type Fate } from './weather.ts';

const registries = ['service-registry', 'sync-controller-registry', 'domain-registry', 'cluster-info'];
const bookmarkMs = 60_000;

/** What an HTTP client asked, parsed. */
export interface Incoming {
  readonly request: Request;
  readonly isWatch: boolean;
  readonly from: SimProcess;
  readonly signal: AbortSignal | undefined;
}

/** The API server and the way to it: requests travel, meet the weather, are done, and are answered or not. */
export class Cluster {
  readonly server = new KubeServer();
  readonly weather: Weather;
  readonly world: World;
  readonly dice: Dice;
  private watchers: Watcher[] = [];

  constructor(world: World) {
    this.world = world;
    this.dice = world.dice.fork('kube');
    this.weather = new Weather(this.dice);
    this.server.onEvent = (event) => {
      for (const watcher of this.watchers) watcher.take(event);
    };
    this.bookmarks();
  }

  get watching(): number {
    this.sweep();
    return this.watchers.length;
  }

  /** Sends one request; resolves with the head of the answer, in the process that asked. */
  send(incoming: Incoming): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { from, signal } = incoming;
    let open: Answer | undefined;
    const abort = (): void => {
      reject(new DOMException('The operation was aborted', 'AbortError'));
      open?.break();
    };
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    const respond = (ms: number, answer: Answer, body: string | undefined): void => {
      this.world.after(
        ms,
        () => {
          if (signal?.aborted === true) return;
          open = answer;
          resolve(answer);
          if (body !== undefined) answer.push(body);
        },
        from,
      );
    };
    const isWrite = incoming.request.method !== 'GET';
    this.meet(incoming, this.weather.fate(isWrite, incoming.request.name), { respond, reject });
    return promise;
  }

  /** Every open watch ends: the server restarts, or its connections break. */
  endWatches(how: 'ended' | 'broken' | 'expired'): void {
    this.sweep();
    for (const watcher of this.watchers) {
      if (how === 'expired') watcher.expire();
      else watcher.end(how === 'broken');
    }
  }

  private meet(
    incoming: Incoming,
    fate: Fate,
    {
      respond,
      reject,
    }: {
      respond: (ms: number, answer: Answer, body: string | undefined) => void;
      reject: (error: Error) => void;
    },
  ): void {
    const { from } = incoming;
    const broken = (ms: number, code: string): void => {
      this.world.after(ms, () => reject(Object.assign(new Error(code), { code })), from);
    };
    switch (fate.kind) {
      case 'never':
        return;
      case 'refused':
        broken(fate.afterMs, 'ECONNREFUSED');
        return;
      case 'status': {
        const headers = fate.retryAfter === undefined ? {} : { 'retry-after': String(fate.retryAfter) };
        const body = JSON.stringify({ kind: 'Status', message: 'as the weather is', code: fate.status });
        this.world.after(fate.afterMs, () => finish(respond, fate.status, { headers, body, from }));
        return;
      }
      default:
        this.world.after(fate.upMs, () => {
          if (incoming.isWatch) {
            this.watch(incoming, respond);
            return;
          }
          const reply = this.serve(incoming.request, from.name);
          if (fate.kind === 'lost') broken(fate.downMs, 'ECONNRESET');
          else this.reply(reply, fate, { respond, from });
        });
    }
  }

  private reply(
    reply: Reply,
    fate: Extract<Fate, { kind: 'answer' | 'cut' | 'nonsense' | 'lost' }>,
    to: { respond: (ms: number, answer: Answer, body: string | undefined) => void; from: SimProcess },
  ): void {
    const text = JSON.stringify(reply.body);
    if (fate.kind === 'nonsense') {
      finish(to.respond, 200, { headers: {}, body: '<html>proxy error</html>', from: to.from });
      return;
    }
    const answer = new Answer(reply.status, {}, to.from);
    const body = fate.kind === 'cut' ? text.slice(0, this.dice.int(0, text.length - 1)) : text;
    to.respond(fate.downMs, answer, body === '' ? undefined : body);
    this.world.after(
      fate.downMs,
      () => {
        // A body that is cut off may end in good order or with its connection.
        if (fate.kind === 'cut' && this.dice.chance(0.5)) answer.break();
        else answer.push(null);
      },
      to.from,
    );
  }

  private serve(request: Request, by: string): Reply {
    const { name, method } = request;
    if (method === 'GET') return this.read(request, by);
    const target = name ?? '';
    if (this.dice.chance(this.weather.conflicts)) this.server.bump(target);
    return this.server.handle(request, by);
  }

  /** A read may come from a store that lags: then it shows an earlier version of a registry. */
  private read(request: Request, by: string): Reply {
    const { name } = request;
    const past = name === undefined ? undefined : this.server.past.get(name);
    if (this.weather.behind === 0 || past === undefined || !registries.includes(name ?? ''))
      return this.server.handle(request, by);
    const old: Stored | undefined = past[Math.max(0, past.length - 1 - this.weather.behind)];
    return old === undefined
      ? this.server.handle(request, by)
      : { status: 200, body: shown(old, request.metadataOnly) };
  }

  private watch(
    { request, from }: Incoming,
    respond: (ms: number, answer: Answer, body: string | undefined) => void,
  ): void {
    const since = Number(request.query.get('resourceVersion') ?? '0');
    if (since < this.server.compacted) {
      finish(respond, 410, { headers: {}, body: '{"kind":"Status","code":410,"reason":"Expired"}', from });
      return;
    }
    const name = /^metadata\.name=(.*)$/u.exec(request.query.get('fieldSelector') ?? '')?.[1] ?? '';
    const answer = new Answer(200, {}, from);
    const watcher = new Watcher(name, answer, this);
    respond(1, answer, undefined);
    for (const event of this.server.events) if (event.version > since) watcher.take(event);
    this.watchers.push(watcher);
    from.atEnd(() => watcher.end(true));
    const seconds = Number(request.query.get('timeoutSeconds') ?? '300');
    this.world.after(seconds * 1000, () => watcher.end(false));
  }

  private bookmarks(): void {
    this.world.after(bookmarkMs, () => {
      this.sweep();
      for (const watcher of this.watchers) watcher.bookmark();
      this.bookmarks();
    });
  }

  private sweep(): void {
    this.watchers = this.watchers.filter((watcher) => !watcher.over);
  }
}

function finish(
  respond: (ms: number, answer: Answer, body: string | undefined) => void,
  status: number,
  { headers, body, from }: { headers: Readonly<Record<string, string>>; body: string; from: SimProcess },
): void {
  const answer = new Answer(status, headers, from);
  from.run(() => answer.push(body));
  from.run(() => answer.push(null));
  respond(1, answer, undefined);
}
