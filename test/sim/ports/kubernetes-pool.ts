// src/registry/kubernetes-pool.ts in the simulator: requests go to the virtual API server.
import type { RequestOptions } from 'node:https';
import type { Answer } from '../kube/answer.ts';
import { mustRun } from '../kernel/process.ts';
import { theScene } from '../scene.ts';

export class ConnectionPool {
  agentFor(): undefined {
    return undefined;
  }

  close(): void {
    // Connections cost nothing here.
  }
}

export function exchange(url: URL, options: RequestOptions, payload: string | undefined): Promise<Answer> {
  const from = mustRun();
  from.touch();
  const name = /\/configmaps\/([^/]+)$/u.exec(url.pathname)?.[1];
  const accept = (options.headers as Record<string, string>)['Accept'] ?? '';
  const request = {
    method: options.method ?? 'GET',
    name,
    query: url.searchParams,
    body: payload === undefined ? undefined : (JSON.parse(payload) as unknown),
    metadataOnly: accept.includes('PartialObjectMetadata'),
  };
  const isWatch = url.searchParams.get('watch') === 'true';
  return theScene().cluster.send({ request, isWatch, from, signal: options.signal });
}
