/** One public host name on a Caddy edge. `backend` names the service behind it, so that a restore can tell services apart. */
export interface CaddyRoute {
  readonly host: string;
  readonly backend: string;
  /** `address:port`, IPv6 in brackets. */
  readonly upstream: string;
}

/** The variable that marks our routes: Caddy's own report shows it, so that no route has to be guessed to be ours. */
export const caddyMark = 'sync_controller';

/**
 * The bytes of the file. The site blocks stand bare, so that the global options of the Caddyfile decide on ports and certificates.
 * Without routes it is a file of comments only, which Caddy reads as nothing.
 */
export function emitCaddy(clusterId: string, routes: readonly CaddyRoute[]): string {
  const head = [
    `# sync-controller caddy ${clusterId}`,
    '# Written by sync-controller; changes to this file are replaced.',
    '# To change a route: syncctl service publish|unpublish, syncctl domain route|unroute',
  ];
  if (routes.length === 0) return `${[...head, '# No public service is routed here.'].join('\n')}\n`;
  const sites = routes
    .toSorted((a, b) => (a.host < b.host ? -1 : 1))
    .flatMap(({ host, backend, upstream }) => [
      `${host} {`,
      `\tvars ${caddyMark} ${clusterId}/${backend}`,
      `\treverse_proxy ${upstream}`,
      '}',
    ]);
  return `${[...head, ...sites].join('\n')}\n`;
}

const titleLine = /^# sync-controller caddy ([a-z0-9-]{8,64})$/;
const siteForm =
  /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?) \{\n\tvars sync_controller ([a-z0-9-]{8,64})\/([a-z0-9][a-z0-9._-]{0,200})\n\treverse_proxy ((?:[0-9.]{7,15}|\[[0-9a-f:]{2,39}\]):[0-9]{1,5})$/;

/** Reads a file of ours back; undefined where it is not exactly one. */
export function readCaddy(
  text: string,
): { readonly clusterId: string; readonly routes: readonly CaddyRoute[] } | undefined {
  const lines = text.split('\n');
  const clusterId = titleLine.exec(lines[0] ?? '')?.[1];
  if (clusterId === undefined) return undefined;
  const sites = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split('\n}\n');
  if (sites.pop() !== '') return undefined;
  const routes: CaddyRoute[] = [];
  for (const site of sites) {
    const [, host, owner, backend, upstream] = siteForm.exec(site) ?? [];
    if (host === undefined || backend === undefined || upstream === undefined || owner !== clusterId)
      return undefined;
    routes.push({ host, backend, upstream });
  }
  return { clusterId, routes };
}
