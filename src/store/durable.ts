import { closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { moveDatabaseAside } from './aside.ts';
import type { Calls, CallName } from './calls.ts';
import { openClient, StoreError, type StoreClient } from './client.ts';
import type { StoreFailure } from './protocol.ts';

/** Why nothing can be asked, and what a person does about it. */
export interface Unavailable {
  readonly available: false;
  readonly reason: string;
  readonly remedy: string;
}

export type Reply<T> = { readonly available: true; readonly value: T } | Unavailable;

/**
 * `durable.db`: what may not be lost. While it is unavailable its features stop and the main push goes on.
 * A damaged file is moved aside, never deleted, and no new one takes its place before a person has seen it.
 */
export interface Durable {
  state(): { readonly available: true } | Unavailable;
  /**
   * Asks the store.
   * @throws SyncError `unavailable` where this one call fails: disk full, file system read-only.
   */
  ask<N extends CallName>(name: N, ...args: Parameters<Calls[N]>): Promise<Reply<ReturnType<Calls[N]>>>;
  close(): Promise<void>;
}

export interface DurableParts {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Opens the file, creating it with its folder. Never rejects for a bad file: that is an unavailable store. */
export async function openDurable(parts: DurableParts): Promise<Durable> {
  const lost = damagedBefore(parts.path);
  if (lost !== undefined) return unavailable(seen(lost), parts);
  try {
    mkdirSync(dirname(parts.path), { recursive: true, mode: 0o700 });
    // SQLite creates its files for everybody to read and gives the -wal and -shm files the mode of this one.
    closeSync(openSync(parts.path, 'a', 0o600));
    return new OpenDurable(parts, await openClient(parts.path, 'durable'));
  } catch (error) {
    const failure: StoreFailure =
      error instanceof StoreError ? error.failure : { kind: 'io', message: messageOf(error) };
    return unavailable(stopFor(failure, parts), parts);
  }
}

class OpenDurable implements Durable {
  private readonly parts: DurableParts;
  private readonly client: StoreClient;
  private stopped: Unavailable | undefined;

  constructor(parts: DurableParts, client: StoreClient) {
    this.parts = parts;
    this.client = client;
  }

  state(): { readonly available: true } | Unavailable {
    return this.stopped ?? { available: true };
  }

  async ask<N extends CallName>(
    name: N,
    ...args: Parameters<Calls[N]>
  ): Promise<Reply<ReturnType<Calls[N]>>> {
    if (this.stopped !== undefined) return this.stopped;
    try {
      return { available: true, value: await this.client.call(name, ...args) };
    } catch (error) {
      if (error instanceof StoreError && error.failure.kind === 'damaged')
        return await this.stop(error.failure);
      const { path } = this.parts;
      throw new SyncError(
        'unavailable',
        `${path}: expected to be written and read, got ${messageOf(error)}`,
        {
          remedy: `make room and rights in ${dirname(path)}`,
          cause: error,
        },
      );
    }
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  /** Many calls may meet the damage at once; the file is moved once. */
  private async stop(failure: StoreFailure): Promise<Unavailable> {
    if (this.stopped !== undefined) return this.stopped;
    this.stopped = { available: false, reason: failure.message, remedy: '' };
    await this.client.close().catch(() => undefined);
    this.stopped = stopFor(failure, this.parts);
    report(this.stopped, this.parts);
    return this.stopped;
  }
}

function unavailable(state: Unavailable, parts: DurableParts): Durable {
  report(state, parts);
  return { state: () => state, ask: () => Promise.resolve(state), close: () => Promise.resolve() };
}

function report(state: Unavailable, { log }: DurableParts): void {
  log.error('durable.db is not available; approvals, pauses and tombstones cannot change, pushing goes on', {
    reason: state.reason,
    remedy: state.remedy,
  });
}

function stopFor(failure: StoreFailure, parts: DurableParts): Unavailable {
  const { path } = parts;
  switch (failure.kind) {
    case 'damaged':
      return moveAside(path, failure.message, parts.clock);
    case 'newer':
      return {
        available: false,
        reason: `${path}: ${failure.message}`,
        remedy: 'install the newer version again, or restore a backup',
      };
    case 'io':
    case 'fault':
      return {
        available: false,
        reason: `${path}: ${failure.message}`,
        remedy: `make room and rights in ${dirname(path)}, then restart`,
      };
  }
}

function moveAside(path: string, reason: string, clock: Clock): Unavailable {
  let aside: string;
  try {
    aside = moveDatabaseAside(path, clock);
  } catch (error) {
    return {
      available: false,
      reason: `${path} is damaged (${reason}) and cannot be moved: ${messageOf(error)}`,
      remedy: `move ${path} away by hand, then restart`,
    };
  }
  return seen(aside, reason);
}

function seen(aside: string, reason = 'damaged before the last stop'): Unavailable {
  return {
    available: false,
    reason: `${aside}: ${reason}`,
    remedy: `restore a backup as ${join(dirname(aside), 'durable.db')}, or move the damaged file to another folder to begin anew; then restart`,
  };
}

/** A damaged file beside a missing one: a person has not decided yet. */
function damagedBefore(path: string): string | undefined {
  if (existsSync(path)) return undefined;
  const folder = dirname(path);
  const mark = `${basename(path)}.damaged-`;
  const name = namesIn(folder).find((entry) => entry.startsWith(mark) && !/-(?:wal|shm)$/u.test(entry));
  return name === undefined ? undefined : join(folder, name);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No folder, or none that we may read: opening says what is wrong with it.
    return [];
  }
}

/** The value of a reply, for features that cannot do without the store. */
export function required<T>(reply: Reply<T>, what: string): T {
  if (reply.available) return reply.value;
  throw new SyncError('unavailable', `${what}: expected durable.db, got ${reply.reason}; ${reply.remedy}`, {
    remedy: reply.remedy,
  });
}
