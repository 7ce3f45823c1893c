/** One public host name: the pair of routers that serves it, and its backend. */
export interface RoutePair {
  readonly router: string;
  readonly host: string;
  readonly service: string;
}

/** One backend with its one server. */
export interface Backend {
  readonly service: string;
  readonly url: string;
}

/** What a Traefik dynamic file of ours says. */
export interface RoutesDocument {
  readonly pairs: readonly RoutePair[];
  readonly backends: readonly Backend[];
}

/** Names that both the emitter and the comparison with Traefik's raw data use. */
export const routeWords = {
  entryPoint: 'websecure',
  plainEntryPoint: 'web',
  redirect: 'https-redirect',
  resolver: 'letsencrypt',
} as const;

/** Name of the second router of a pair, which redirects to https. */
export function plainRouterOf(router: string): string {
  return `${router}-http`;
}

/** The rule of a host name. */
export function ruleOf(host: string): string {
  return `Host(\`${host}\`)`;
}

const titlePrefix = '# sync-controller routes ';

/** First line of a file of ours: tells whose it is, and nothing that changes by itself. */
export function titleOf(clusterId: string): string {
  return `${titlePrefix}${clusterId}`;
}

/** True for text that begins as a routes file of ours does. */
export function isRoutesFile(text: string): boolean {
  return text.startsWith(titlePrefix);
}

/**
 * The bytes of the file. Without routes it is a file of comments only: Traefik reads that as empty,
 * and refuses `routers: {}` together with every other file of the directory.
 */
export function emitRoutes(clusterId: string, document: RoutesDocument): string {
  const head = [
    titleOf(clusterId),
    '# Written by sync-controller; changes to this file are replaced.',
    '# To change a route: syncctl service publish|unpublish, syncctl domain route|unroute',
  ];
  if (document.pairs.length === 0) return `${[...head, '# No public service is routed here.'].join('\n')}\n`;
  const { redirect } = routeWords;
  const lines = [
    ...head,
    'http:',
    '  routers:',
    ...document.pairs.flatMap(routerLines),
    '  services:',
    ...document.backends.flatMap(backendLines),
    '  middlewares:',
    `    ${redirect}:`,
    '      redirectScheme:',
    '        scheme: https',
    '        permanent: true',
  ];
  return `${lines.join('\n')}\n`;
}

function routerLines({ router, host, service }: RoutePair): readonly string[] {
  const { entryPoint, plainEntryPoint, redirect, resolver } = routeWords;
  const head = (name: string, point: string): readonly string[] => [
    `    ${scalar(name)}:`,
    `      rule: "${ruleOf(host)}"`,
    `      service: ${scalar(service)}`,
    '      entryPoints:',
    `        - ${point}`,
  ];
  return [
    ...head(router, entryPoint),
    '      tls:',
    `        certResolver: ${resolver}`,
    ...head(plainRouterOf(router), plainEntryPoint),
    '      middlewares:',
    `        - ${redirect}`,
  ];
}

function backendLines({ service, url }: Backend): readonly string[] {
  return [`    ${scalar(service)}:`, '      loadBalancer:', '        servers:', `          - url: "${url}"`];
}

// YAML 1.1 readers take these for booleans or null; a name that begins with a digit may be a number, and to some `e-5` is one too.
const notPlain = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n']);

/** A name as YAML: plain where every parser reads it as this text, else quoted. Names hold no character that a quote would need to escape. */
function scalar(name: string): string {
  const plain = /^[a-z][a-z0-9_-]*$/.test(name) && !/^e-?\d+$/.test(name) && !notPlain.has(name);
  return plain ? name : `"${name}"`;
}
