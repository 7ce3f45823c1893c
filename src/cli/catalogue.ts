import type { CommandModule } from './command.ts';

export interface Entry {
  /** `['node', 'add']`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly group: Group;
  readonly hidden?: true;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

/** Headings of the help, in their order. */
export const groups = {
  everyday: 'Every day:',
  registries: 'What should be:',
  control: 'The controller itself:',
  predecessor: 'As the predecessor spelt it:',
  other: 'Other:',
} as const;
export type Group = keyof typeof groups;

/** Words that hold further commands. */
export const branches = [
  { name: 'node', summary: 'the nodes: list, show, add, remove, trust, restore, stats', group: 'registries' },
  {
    name: 'service',
    summary: 'the services: list, show, register, publish, discover …',
    group: 'registries',
  },
  { name: 'domain', summary: 'public domains and where services are routed', group: 'registries' },
  { name: 'term', summary: 'who may write: show, take', group: 'control' },
] as const satisfies readonly { name: string; summary: string; group: Group }[];

/** Every command of `syncctl`. */
export const catalogue: readonly Entry[] = [
  {
    path: ['health'],
    group: 'everyday',
    summary: 'every node and its state',
    load: () => import('./commands/health.ts'),
  },
  {
    path: ['status'],
    group: 'everyday',
    summary: 'the controller: term, source, queue, what is held',
    load: () => import('./commands/status.ts'),
  },
  {
    path: ['push'],
    group: 'everyday',
    summary: 'bring nodes to what the registries say, and verify it',
    load: () => import('./commands/push.ts'),
  },
  {
    path: ['plan'],
    group: 'everyday',
    summary: 'what a push would change; writes nothing',
    load: () => import('./commands/plan.ts'),
  },
  {
    path: ['render'],
    group: 'everyday',
    summary: 'the exact bytes a node should hold',
    load: () => import('./commands/render.ts'),
  },
  {
    path: ['validate'],
    group: 'everyday',
    summary: 'every finding in the registries, with its path',
    load: () => import('./commands/validate.ts'),
  },
  {
    path: ['doctor'],
    group: 'everyday',
    summary: 'look for what is wrong, and name the command that mends it',
    load: () => import('./commands/doctor.ts'),
  },
  {
    path: ['logs'],
    group: 'everyday',
    summary: 'the log of the daemon',
    load: () => import('./commands/logs.ts'),
  },

  {
    path: ['node', 'list'],
    group: 'registries',
    summary: 'all nodes',
    load: () => import('./commands/node-list.ts'),
  },
  {
    path: ['node', 'show'],
    group: 'registries',
    summary: 'all that is known of one node',
    load: () => import('./commands/node-show.ts'),
  },
  {
    path: ['node', 'add'],
    group: 'registries',
    summary: 'register a node, trust it, install the receiver, prove it by a push',
    load: () => import('./commands/node-add.ts'),
  },
  {
    path: ['node', 'remove'],
    group: 'registries',
    summary: 'withdraw what we installed on a node and forget it',
    load: () => import('./commands/node-remove.ts'),
  },
  {
    path: ['node', 'restore'],
    group: 'registries',
    summary: 'write back the row of a node that vanished by an edit',
    load: () => import('./commands/node-restore.ts'),
  },
  {
    path: ['node', 'trust'],
    group: 'registries',
    summary: 'pin the host keys of nodes',
    load: () => import('./commands/node-trust.ts'),
  },
  {
    path: ['node', 'stats'],
    group: 'registries',
    summary: 'how many nodes of each type',
    load: () => import('./commands/node-stats.ts'),
  },
  {
    path: ['service', 'list'],
    group: 'registries',
    summary: 'all services',
    load: () => import('./commands/service-list.ts'),
  },
  {
    path: ['service', 'show'],
    group: 'registries',
    summary: 'one service and where it is reachable',
    load: () => import('./commands/service-show.ts'),
  },
  {
    path: ['service', 'register'],
    group: 'registries',
    summary: 'write one service into the registry',
    load: () => import('./commands/service-register.ts'),
  },
  {
    path: ['service', 'unregister'],
    group: 'registries',
    summary: 'remove one service',
    load: () => import('./commands/service-unregister.ts'),
  },
  {
    path: ['service', 'publish'],
    group: 'registries',
    summary: 'make a service public',
    load: () => import('./commands/service-publish.ts'),
  },
  {
    path: ['service', 'unpublish'],
    group: 'registries',
    summary: 'make a service private',
    load: () => import('./commands/service-unpublish.ts'),
  },
  {
    path: ['service', 'discover'],
    group: 'registries',
    summary: 'register the LoadBalancer services of the cluster',
    load: () => import('./commands/service-discover.ts'),
  },
  {
    path: ['domain', 'list'],
    group: 'registries',
    summary: 'all public domains and VPS records',
    load: () => import('./commands/domain-list.ts'),
  },
  {
    path: ['domain', 'show'],
    group: 'registries',
    summary: 'one domain and the DNS records it needs',
    load: () => import('./commands/domain-show.ts'),
  },
  {
    path: ['domain', 'add'],
    group: 'registries',
    summary: 'register a domain or a VPS record',
    load: () => import('./commands/domain-add.ts'),
  },
  {
    path: ['domain', 'remove'],
    group: 'registries',
    summary: 'remove a domain or a VPS record',
    load: () => import('./commands/domain-remove.ts'),
  },
  {
    path: ['domain', 'route'],
    group: 'registries',
    summary: 'serve a service on domains through VPS nodes',
    load: () => import('./commands/domain-route.ts'),
  },
  {
    path: ['domain', 'unroute'],
    group: 'registries',
    summary: 'end the routing of a service',
    load: () => import('./commands/domain-unroute.ts'),
  },

  {
    path: ['daemon'],
    group: 'control',
    summary: 'watch and reconcile until stopped: what the unit runs',
    load: () => import('./commands/daemon.ts'),
  },
  { path: ['watch'], group: 'control', summary: 'watch alone', load: () => import('./commands/watch.ts') },
  {
    path: ['reconcile'],
    group: 'control',
    summary: 'check and repair every node now; with hours: again and again',
    load: () => import('./commands/reconcile.ts'),
  },
  {
    path: ['approve'],
    group: 'control',
    summary: 'let a withheld removal go',
    load: () => import('./commands/approve.ts'),
  },
  {
    path: ['pause'],
    group: 'control',
    summary: 'stop pushing, to one node or to all',
    load: () => import('./commands/pause.ts'),
  },
  { path: ['resume'], group: 'control', summary: 'end a pause', load: () => import('./commands/resume.ts') },
  {
    path: ['term', 'show'],
    group: 'control',
    summary: 'the term of this controller',
    load: () => import('./commands/term-show.ts'),
  },
  {
    path: ['term', 'take'],
    group: 'control',
    summary: 'begin a new term over a living rival',
    load: () => import('./commands/term-take.ts'),
  },

  {
    path: ['register'],
    group: 'predecessor',
    summary: 'register a node: <type> <ip> [name] [user] [port]',
    load: () => import('./commands/register.ts'),
  },

  {
    path: ['version'],
    group: 'other',
    summary: 'the version of syncctl and of its runtime',
    load: () => import('./commands/version.ts'),
  },
  {
    path: ['completion'],
    group: 'other',
    summary: 'a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
  {
    path: ['__complete'],
    group: 'other',
    summary: 'words for a completion script',
    hidden: true,
    load: () => import('./commands/complete.ts'),
  },
];
