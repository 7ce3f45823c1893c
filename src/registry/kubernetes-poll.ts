import type { RegistryObject } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { jittered, type Random } from '../lib/random.ts';
import type { KubernetesObjects } from './kubernetes-objects.ts';
import type { Reflector } from './kubernetes-reflector.ts';

export interface PollOptions {
  readonly reflectors: ReadonlyMap<RegistryObject, { readonly name: string; readonly reflector: Reflector }>;
  readonly objects: KubernetesObjects;
  readonly pollMs: number;
  /** How long an event may be on its way before the watch that did not bring it is dead. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProof: () => void;
  readonly onLook: (object: RegistryObject) => void;
  /** The server gave no usable answer: a watch that is silent would not tell. */
  readonly onFailure: (object: RegistryObject) => void;
}

/**
 * The guarantee behind the watches: asks for the version of each object and tells a reflector that it is behind.
 * It delivers no content, so there is one way only on which changes come in.
 */
export async function pollVersions(options: PollOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, pollMs } = options;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    await clock.sleep(jittered(pollMs, 0.1, random), signal).catch(() => undefined);
    if (isOver()) return;
    await Promise.all([...options.reflectors.keys()].map((object) => look(options, object, signal)));
  }
}

async function look(options: PollOptions, object: RegistryObject, signal: AbortSignal): Promise<void> {
  const { objects, clock, graceMs } = options;
  const entry = options.reflectors.get(object);
  if (entry === undefined) return;
  const { name, reflector } = entry;
  try {
    const before = reflector.known;
    const version = await objects.version(name, signal);
    options.onProof();
    options.onLook(object);
    reflector.wake();
    if (!reflector.isBehind(version)) return;
    await clock.sleep(graceMs, signal);
    // A watch that has brought anything meanwhile is alive; the next look decides again.
    if (reflector.known === before && reflector.isBehind(version)) reflector.replaceWatch();
  } catch {
    // A server that does not answer proves nothing about the watch; the reader finds out and says that it does not answer.
    if (!signal.aborted) options.onFailure(object);
  }
}
