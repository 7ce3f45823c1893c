/** What the whole house may know of a node type; how its bytes are made is known in `plan/node-types` alone. */
export interface NodeTypeFacts {
  /** Its list in `registry.json`. */
  readonly name: string;
  /** The kind of its target: the name of the file in `targets.d`. */
  readonly kind: string;
  /** Its short word on the command line. */
  readonly word: string;
  /** Its heading in `health`, and in the statistics. */
  readonly heading: string;
  readonly counted: string;
  /** True where its nodes serve public host names: routes name them, and public DNS points to them. */
  readonly edge: boolean;
  /** The lists of the predecessor are there and shown also when they are empty; any other only with a first node. */
  readonly builtIn: boolean;
  /** The file that is ours on a node, as enrolment describes it where nothing else is found. */
  readonly target: string;
  /** What shows why its consumer does not take the file, and what starts it again: words for a login on the node. */
  readonly logs: string;
  readonly restart: string;
}

const hosts = {
  kind: 'hosts',
  edge: false,
  builtIn: true,
  target: '/etc/hosts',
  logs: 'cat /etc/nsswitch.conf',
  restart: 'cat /etc/nsswitch.conf',
} as const;

/** Every node type, in the order in which `health` prints them. */
export const nodeTypeFacts = [
  {
    ...hosts,
    name: 'management_laptops',
    word: 'laptop',
    heading: 'Management Laptops',
    counted: 'Management Laptops',
  },
  {
    name: 'vps_nodes',
    kind: 'traefik-routes',
    word: 'vps',
    heading: 'VPS Edge Nodes',
    counted: 'VPS Nodes',
    edge: true,
    builtIn: true,
    target: '~/traefik/config/mynodeone-routes.yml',
    logs: 'docker logs traefik -n 50',
    restart: '"cd ~/traefik && docker compose restart"',
  },
  { ...hosts, name: 'worker_nodes', word: 'worker', heading: 'Worker Nodes', counted: 'Worker Nodes' },
  {
    name: 'dnsmasq_nodes',
    kind: 'dnsmasq-hosts',
    word: 'dnsmasq',
    heading: 'DNS Nodes (dnsmasq)',
    counted: 'DNS Nodes (dnsmasq)',
    edge: false,
    builtIn: false,
    target: '/etc/dnsmasq.hosts.d/sync-controller.hosts',
    logs: 'sudo journalctl -u dnsmasq -n 50',
    restart: 'sudo systemctl restart dnsmasq',
  },
  {
    name: 'caddy_nodes',
    kind: 'caddy-routes',
    word: 'caddy',
    heading: 'Caddy Edge Nodes',
    counted: 'Caddy Edge Nodes',
    edge: true,
    builtIn: false,
    target: '/etc/caddy/sync-controller.caddy',
    logs: 'sudo journalctl -u caddy -n 50',
    restart: 'sudo systemctl restart caddy',
  },
] as const satisfies readonly NodeTypeFacts[];

export type NodeType = (typeof nodeTypeFacts)[number]['name'];

/** The names of all types, in the same order. */
export const nodeTypeNames: readonly NodeType[] = nodeTypeFacts.map(({ name }) => name);

/** True where the text is one of the registry's node types. */
export function isNodeType(text: string): text is NodeType {
  return nodeTypeNames.some((name) => name === text);
}

/** The facts of a type; undefined for a text that is none. */
export function factsOf(type: NodeType): NodeTypeFacts;
export function factsOf(type: string): NodeTypeFacts | undefined;
export function factsOf(type: string): NodeTypeFacts | undefined {
  return nodeTypeFacts.find(({ name }) => name === type);
}

const edges: ReadonlySet<string> = new Set(nodeTypeFacts.filter(({ edge }) => edge).map(({ name }) => name));

/** True for a node that serves public host names. */
export function isEdge({ type }: { readonly type: NodeType }): boolean {
  return edges.has(type);
}
