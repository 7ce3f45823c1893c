import type { Answer } from './answer.ts';
import { shown, type WatchEvent } from './server.ts';
import type { Cluster } from './cluster.ts';

/** One open watch: what the server sends on it, in order, each a moment after the last. */
export class Watcher {
  readonly name: string;
  private readonly answer: Answer;
  private readonly cluster: Cluster;
  private freeMs = 0;
  private ended = false;

  constructor(name: string, answer: Answer, cluster: Cluster) {
    this.name = name;
    this.answer = answer;
    this.cluster = cluster;
  }

  get over(): boolean {
    return this.ended || this.answer.destroyed;
  }

  take(event: WatchEvent): void {
    const { weather, dice } = this.cluster;
    if (event.object.name !== this.name || weather.watchesSilent) return;
    if (weather.watchNoise > 0 && dice.chance(weather.watchNoise)) {
      if (dice.chance(0.5)) this.line('{"type":"MODIFIED","object":{"kind":"Conf');
      else this.line(JSON.stringify({ type: event.type, object: { metadata: {} } }));
      return;
    }
    const object = { ...event.object, version: event.version };
    const times = weather.watchNoise > 0 && dice.chance(0.3) ? 2 : 1;
    for (let time = 0; time < times; time += 1)
      this.line(JSON.stringify({ type: event.type, object: shown(object) }));
  }

  bookmark(): void {
    if (this.cluster.weather.watchesSilent) return;
    const metadata = { name: this.name, resourceVersion: String(this.cluster.server.head) };
    this.line(JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata } }));
  }

  /** 410 inside a stream that began well. */
  expire(): void {
    this.line(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }));
  }

  /** The server ends the watch in good order, or the connection breaks. */
  end(broken: boolean): void {
    if (this.over) return;
    this.ended = true;
    this.later(() => {
      if (broken) this.answer.break();
      else this.answer.push(null);
    });
  }

  private line(text: string): void {
    if (this.over) return;
    this.later(() => {
      if (!this.answer.destroyed) this.answer.push(`${text}\n`);
    });
  }

  private later(act: () => void): void {
    const { world, dice } = this.cluster;
    this.freeMs = Math.max(this.freeMs, world.nowMs) + 0.5 + dice.unit() * 5;
    world.after(this.freeMs - world.nowMs, act, this.answer.process);
  }
}
