import type { Entry } from './entry.ts';

/** Services, domains and routing. */
export const serviceCommands: readonly Entry[] = [
  {
    path: ['service', 'list'],
    group: 'registries',
    summary: 'all services',
    load: () => import('../commands/service-list.ts'),
  },
  {
    path: ['service', 'show'],
    group: 'registries',
    summary: 'one service and where it is reachable',
    load: () => import('../commands/service-show.ts'),
  },
  {
    path: ['service', 'register'],
    group: 'registries',
    summary: 'write one service into the registry',
    load: () => import('../commands/service-register.ts'),
  },
  {
    path: ['service', 'unregister'],
    group: 'registries',
    summary: 'remove one service',
    load: () => import('../commands/service-unregister.ts'),
  },
  {
    path: ['service', 'publish'],
    group: 'registries',
    summary: 'make a service public',
    load: () => import('../commands/service-publish.ts'),
  },
  {
    path: ['service', 'unpublish'],
    group: 'registries',
    summary: 'make a service private',
    load: () => import('../commands/service-unpublish.ts'),
  },
  {
    path: ['service', 'discover'],
    group: 'registries',
    summary: 'register the LoadBalancer services of the cluster',
    load: () => import('../commands/service-discover.ts'),
  },
  {
    path: ['domain', 'list'],
    group: 'registries',
    summary: 'all public domains and VPS records',
    load: () => import('../commands/domain-list.ts'),
  },
  {
    path: ['domain', 'show'],
    group: 'registries',
    summary: 'one domain and the DNS records it needs',
    load: () => import('../commands/domain-show.ts'),
  },
  {
    path: ['domain', 'add'],
    group: 'registries',
    summary: 'register a domain or a VPS record',
    load: () => import('../commands/domain-add.ts'),
  },
  {
    path: ['domain', 'remove'],
    group: 'registries',
    summary: 'remove a domain or a VPS record',
    load: () => import('../commands/domain-remove.ts'),
  },
  {
    path: ['domain', 'route'],
    group: 'registries',
    summary: 'serve a service on domains through VPS nodes',
    load: () => import('../commands/domain-route.ts'),
  },
  {
    path: ['domain', 'unroute'],
    group: 'registries',
    summary: 'end the routing of a service',
    load: () => import('../commands/domain-unroute.ts'),
  },
];
