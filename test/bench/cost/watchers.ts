import { get, type IncomingMessage } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from '../scene.ts';
import { memoryMb } from './process.ts';
import { RunningDaemon } from './running-daemon.ts';

export interface WatchersCost {
  readonly listeners: number;
  /** Milliseconds of one edit each, in turn without and with everybody listening. */
  readonly alone: readonly number[];
  readonly watched: readonly number[];
  /** VmRSS in megabytes: without an API, and with it, its metrics scraped and everybody listening. */
  readonly bareMb: number;
  readonly openMb: number;
  /** Events that the listeners were told, altogether: none would prove nothing. */
  readonly events: number;
}

const settleMs = 5_000;

/** What it costs the nodes, and the daemon, that people watch. */
export async function measureWatchers(
  scene: Scene,
  main: string,
  { listeners, rounds }: { readonly listeners: number; readonly rounds: number },
): Promise<WatchersCost> {
  const bareMb = await bare(scene, main, rounds);
  const settings = `${scene.folder}/watched.yaml`;
  writeFileSync(
    settings,
    readFileSync(scene.settings, 'utf8').replace('listen: off', "listen: '127.0.0.1:0'"),
  );
  const daemon = await RunningDaemon.start(scene, main, settings);
  return daemon.during(async () => {
    await daemon.verified();
    const crowd = await Crowd.of(daemon, listeners);
    const [alone, watched]: [number[], number[]] = [[], []];
    await daemon.edit();
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await daemon.edit(20));
      await crowd.join();
      watched.push(await daemon.edit(20));
      if (round < rounds - 1) crowd.leave();
    }
    await crowd.scrape();
    await delay(settleMs);
    const openMb = memoryMb(daemon.pid, 'VmRSS');
    crowd.leave();
    await daemon.stop();
    return { listeners, alone, watched, bareMb, openMb, events: crowd.events };
  });
}

/** The same edits with no API at all. */
async function bare(scene: Scene, main: string, rounds: number): Promise<number> {
  const daemon = await RunningDaemon.start(scene, main);
  return daemon.during(async () => {
    await daemon.verified();
    for (let edit = 0; edit < 2 * rounds + 1; edit += 1) await daemon.edit(20);
    await delay(settleMs);
    const rssMb = memoryMb(daemon.pid, 'VmRSS');
    await daemon.stop();
    return rssMb;
  });
}

/** Listeners to the stream of events, who read what they are told. */
class Crowd {
  readonly #url: string;
  readonly #token: string;
  readonly #size: number;
  #open: IncomingMessage[] = [];
  events = 0;

  private constructor(url: string, token: string, size: number) {
    this.#url = url;
    this.#token = token;
    this.#size = size;
  }

  static async of(daemon: RunningDaemon, size: number): Promise<Crowd> {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/u.exec(daemon.said) ?? [];
    if (url === undefined) throw new Error('bench: the daemon serves no API');
    const client = await daemon.client();
    const actor = { who: 'bench', reason: undefined };
    const { secret } = await client.tokens.mint({ name: 'bench', role: 'viewer', actor });
    await client.close();
    return new Crowd(url, secret, size);
  }

  /** Everybody listens, and has been told how it stands. */
  async join(): Promise<void> {
    this.#open = await Promise.all(Array.from({ length: this.#size }, () => this.#follow()));
  }

  leave(): void {
    for (const response of this.#open.splice(0)) response.destroy();
  }

  async scrape(): Promise<void> {
    (await this.#get('/metrics')).resume();
  }

  async #follow(): Promise<IncomingMessage> {
    const response = await this.#get('/api/v1/events');
    const first = Promise.withResolvers<undefined>();
    response.on('data', (chunk: Buffer) => {
      this.events += chunk.toString('latin1').match(/^event:/gmu)?.length ?? 0;
      first.resolve(undefined);
    });
    response.on('error', () => undefined);
    await first.promise;
    return response;
  }

  #get(path: string): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: `Bearer ${this.#token}` };
    get(`${this.#url}${path}`, { headers, agent: false }, resolve).on('error', reject);
    return promise;
  }
}
