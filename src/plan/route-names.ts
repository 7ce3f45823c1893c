import { digestOf } from '../model/bundle.ts';
import { plainRouterOf, type Backend, type RoutePair, type RoutesDocument } from './routes-file.ts';

/** One public host name and what stands behind it, before names of routers are given. */
export interface PublicEntry {
  readonly host: string;
  readonly url: string;
  /** Wished name of the router; several entries may wish the same. */
  readonly router: string;
  /** What the backend is named after: entries with equal keys share it. */
  readonly backend: string;
}

/** A text as part of a router's name: lower-case, dots as dashes. */
export function dashed(text: string): string {
  return text.toLowerCase().replaceAll('.', '-');
}

/** Gives every entry names that no other one has: `demo` and `demo-http`, `a.b` and `a-b` would meet otherwise. */
export function nameRoutes(entries: readonly PublicEntry[]): RoutesDocument {
  const routers = new Set<string>();
  const backends = new Map<string, Backend>();
  const taken = new Set<string>();
  const pairs = entries
    .toSorted((a, b) => (a.host < b.host ? -1 : 1))
    .map((entry): RoutePair => {
      let backend = backends.get(entry.backend);
      if (backend === undefined) {
        const service = freeName(
          `${dashed(entry.backend)}-service`,
          entry.backend,
          (name) => !taken.has(name),
        );
        taken.add(service);
        backend = { service, url: entry.url };
        backends.set(entry.backend, backend);
      }
      const router = freeName(
        entry.router,
        entry.host,
        (name) => !routers.has(name) && !routers.has(plainRouterOf(name)),
      );
      routers.add(router).add(plainRouterOf(router));
      return { router, host: entry.host, service: backend.service };
    });
  const inOrder = [...backends.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
  return { pairs, backends: inOrder };
}

/** The wished name, or one told apart by what it stands for, so that it does not depend on who else came. */
export function freeName(wish: string, meaning: string, isFree: (name: string) => boolean): string {
  if (isFree(wish)) return wish;
  const digest = digestOf(meaning);
  for (let length = 8; length < digest.length; length += 8) {
    const name = `${wish}-x${digest.slice(0, length)}`;
    if (isFree(name)) return name;
  }
  return `${wish}-x${digest}`;
}
