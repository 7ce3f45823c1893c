import { afterEach, beforeEach } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import {
  createKubernetesSource,
  type KubernetesSourceOptions,
} from '../../src/registry/kubernetes-source.ts';
import type { Reading, Source } from '../../src/registry/source.ts';
import { ApiDouble, type Seen } from './api-double.ts';

/** A scripted API server for each test of a file, and sources that look at it. */
export interface DoubleBench {
  readonly api: ApiDouble;
  open(options?: Partial<KubernetesSourceOptions>): Promise<Source>;
}

/** Sets the bench up for every test of the file that calls it. */
export function withApiDouble(): DoubleBench {
  let api: ApiDouble | undefined;
  const opened: Source[] = [];
  beforeEach(async () => {
    api = await ApiDouble.start();
  });
  afterEach(async () => {
    for (const source of opened.splice(0)) await source.close();
    await api?.stop();
  });
  const current = (): ApiDouble => {
    if (api === undefined) throw new Error('the double has not started');
    return api;
  };
  return {
    get api() {
      return current();
    },
    open: async (options = {}) => {
      const timers = {
        pollMs: 3_600_000,
        graceMs: 50,
        requestMs: 2000,
        backoffFloorMs: 20,
        backoffCapMs: 200,
      };
      const { kubeconfig } = current();
      const source = await createKubernetesSource({ kubeconfig, clock: systemClock, ...timers, ...options });
      opened.push(source);
      return source;
    },
  };
}

/** One reading, bounded. */
export const read = (source: Source): Promise<Reading> => source.read(AbortSignal.timeout(20_000));

export const isGet = (seen: Seen): boolean => seen.method === 'GET' && !seen.isWatch;
export const isList = (seen: Seen): boolean => isGet(seen) && seen.path.endsWith('/configmaps');
export const isWatch = (seen: Seen): boolean => seen.isWatch;
export const isWrite = (seen: Seen): boolean => seen.method !== 'GET';
