import type { Clock } from '../lib/clock.ts';
import { jitteredBackoffMs } from '../lib/backoff.ts';
import { SyncError } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import { isFailure } from './kubernetes-failure.ts';
import type { ConfigMap, KubernetesObjects } from './kubernetes-objects.ts';

export interface KubernetesEdit {
  readonly objects: KubernetesObjects;
  readonly name: string;
  readonly key: string;
  readonly edit: (text: string | undefined) => string | undefined;
  readonly attempts: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Between attempts: conflicts are over in milliseconds, a restarting API server in seconds. */
const conflictPause = { baseMs: 20, factor: 2, maxMs: 1000 };
const longestPauseMs = 5000;
/** A server that is away, unlike one that is busy with others, is told to the caller soon. */
const failureAttempts = 4;

/**
 * Read-modify-write of one key: the patch names the version that was read, so the server refuses it if anybody was faster,
 * and it names one key, so nothing else can change. An outcome that got lost is found out by reading again.
 */
export async function editConfigMap(request: KubernetesEdit): Promise<string | undefined> {
  const { objects, name, key, attempts, clock, random } = request;
  let failures = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const present = await objects.get(name);
      const current =
        present === undefined || !Object.hasOwn(present.data, key) ? undefined : present.data[key];
      const value = request.edit(current);
      if (value === undefined || value === current) return undefined;
      return (await write(request, { present, value })).resourceVersion;
    } catch (error) {
      if (!isFailure(error, 'conflict', 'throttled', 'server', 'network', 'answer')) throw error;
      if (isFailure(error, 'conflict') && attempt >= attempts) throw lost(request, error);
      if (!isFailure(error, 'conflict') && ++failures >= failureAttempts) throw error;
      const pauseMs = Math.max(jitteredBackoffMs(conflictPause, attempt, random), error.retryAfterMs ?? 0);
      // A server that asks for more patience than a caller has is an answer.
      if (pauseMs > longestPauseMs) throw error;
      await clock.sleep(pauseMs);
    }
  }
}

function write(
  { objects, name, key }: KubernetesEdit,
  { present, value }: { present: ConfigMap | undefined; value: string },
): Promise<ConfigMap> {
  if (present === undefined) return objects.create(name, { [key]: value });
  return objects.patch(name, { data: { [key]: value }, resourceVersion: present.resourceVersion });
}

function lost({ name, attempts }: KubernetesEdit, cause: unknown): SyncError {
  return new SyncError(
    'conflict',
    `configmap ${name} changed under each of ${attempts} attempts to edit it`,
    {
      remedy:
        'find the program that rewrites it without end: kubectl get configmap --show-managed-fields -o yaml',
      cause,
    },
  );
}
