import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { RegistryObject } from '../model/snapshot.ts';
import { registryObjects } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Scan } from './directory-scan.ts';

export interface DirectoryWatchOptions {
  readonly folder: string;
  /** The guarantee: even where no event arrives, a change is seen within this time. */
  readonly pollMs: number;
  readonly clock: Clock;
  readonly scan: (signal: AbortSignal) => Promise<Scan>;
  readonly onHint: (object: RegistryObject) => void;
  /** Counts: a watcher that had to be replaced, and one that kept silent about a change. */
  readonly onRestart: () => void;
  readonly onStall: () => void;
}

/** Follows a folder until the signal fires. Events give speed; the poll finds what they missed, also after the folder was replaced. */
export async function watchDirectory(options: DirectoryWatchOptions, signal: AbortSignal): Promise<void> {
  using events = new FolderEvents(options.folder);
  await events.arm();
  let seen = versionsOf(await options.scan(signal).catch(aborted));
  // What changed before the watch began is for the caller's next read to find.
  for (const name of registryObjects) options.onHint(name);
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    if (await events.arm()) options.onRestart();
    const told = await events.next(options, signal);
    if (isOver()) return;
    const now = versionsOf(await options.scan(signal).catch(aborted));
    const changed = registryObjects.filter((name) => now.get(name) !== seen.get(name));
    seen = now;
    if (changed.length === 0) continue;
    if (!told && events.armed) {
      options.onStall();
      events.disarm();
    }
    for (const name of changed) options.onHint(name);
  }
}

/** What is compared between two looks: a folder that cannot be read is a state of its own, so its coming and going are told. */
function versionsOf(scan: Scan): ReadonlyMap<RegistryObject, string> {
  if (scan.kind === 'unreadable')
    return new Map(registryObjects.map((name) => [name, `unreadable ${scan.reason}`]));
  const faults = scan.findings.map((finding) => `${finding.path} ${finding.message}`).join('\n');
  return new Map(
    registryObjects.map((name) => [name, scan.objects.get(name)?.raw.resourceVersion ?? `missing ${faults}`]),
  );
}

function aborted(): Scan {
  return { kind: 'unreadable', reason: 'the watch has ended', remedy: '' };
}

/** The operating system's events of one folder. The folder is watched, not its files: a rename over a file ends a watch on it. */
class FolderEvents implements Disposable {
  readonly #folder: string;
  #watcher: FSWatcher | undefined;
  #identity = '';
  #everArmed = false;
  #dirty = false;
  #wake: (() => void) | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get armed(): boolean {
    return this.#watcher !== undefined;
  }

  /** Makes sure that the folder now under that name is the watched one. @returns true where a watcher was replaced. */
  async arm(): Promise<boolean> {
    const identity = await identityOf(this.#folder);
    if (this.#watcher !== undefined && identity === this.#identity) return false;
    this.disarm();
    if (identity === '') return false;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.#notice());
      watcher.on('error', () => this.disarm());
      this.#watcher = watcher;
      this.#identity = identity;
    } catch {
      // No inotify instances left, or a file system without events: the poll goes on alone.
      return false;
    }
    const replaced = this.#everArmed;
    this.#everArmed = true;
    // Whatever happened between the two watchers is unknown.
    this.#dirty = replaced || this.#dirty;
    return replaced;
  }

  disarm(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Waits for an event or the poll. @returns true where an event came. */
  async next({ clock, pollMs }: DirectoryWatchOptions, signal: AbortSignal): Promise<boolean> {
    if (!this.#dirty) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const poll = new AbortController();
      this.#wake = () => {
        resolve(undefined);
      };
      const timer = clock.sleep(pollMs, AbortSignal.any([signal, poll.signal])).catch(() => undefined);
      await Promise.race([promise, timer]);
      this.#wake = undefined;
      poll.abort();
    }
    const told = this.#dirty;
    this.#dirty = false;
    return told;
  }

  #notice(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.disarm();
  }
}

async function identityOf(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}
