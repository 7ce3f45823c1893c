import { subdomain as subdomainGrammar } from './grammar.ts';
import type { LoadBalancer } from './source.ts';

/** Where a subdomain came from: an annotation is the owner's word, a name only our guess. */
export type NameOrigin = 'annotation' | 'name';

export type Named =
  | { readonly ok: true; readonly subdomain: string; readonly origin: NameOrigin }
  | { readonly ok: false; readonly annotation: string; readonly value: string; readonly expected: string };

// The predecessor's table; a service that stands in none keeps its name without the suffix that says what it is.
const known: Readonly<Record<string, string>> = {
  dashboard: 'dashboard',
  'open-webui': 'chat',
  demo: 'demo',
  'demo-chat-app': 'demo-chat',
  'argocd-server': 'argocd',
  'kube-prometheus-stack-grafana': 'grafana',
  'minio-console': 'minio',
  minio: 'minio-api',
  'longhorn-frontend': 'longhorn',
  traefik: 'traefik',
};

/**
 * The subdomain of a load balancer by the predecessor's rules: the cluster's own annotation, the common one, the name.
 * An annotation that is there and empty asks for the bare domain; only an absent one leads to the name.
 */
export function subdomainOf(
  balancer: Pick<LoadBalancer, 'name' | 'annotations'>,
  clusterDomain: string | undefined,
): Named {
  const keys = [
    ...(clusterDomain === undefined ? [] : [`${clusterDomain}.local/subdomain`]),
    'mynodeone.io/subdomain',
  ];
  for (const annotation of keys) {
    if (!Object.hasOwn(balancer.annotations, annotation)) continue;
    const value = balancer.annotations[annotation] ?? '';
    const verdict = subdomainGrammar(value);
    return verdict.ok
      ? { ok: true, subdomain: verdict.value, origin: 'annotation' }
      : { ok: false, annotation, value, expected: verdict.expected };
  }
  return { ok: true, subdomain: fromName(balancer.name), origin: 'name' };
}

function fromName(name: string): string {
  return Object.hasOwn(known, name) ? (known[name] ?? name) : name.replace(/-(?:server|frontend)$/u, '');
}
