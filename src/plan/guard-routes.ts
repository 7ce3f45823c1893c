import type { Route } from '../model/service.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isMassive, massReason, type GuardCheck } from './guard-types.ts';
import { lostHosts } from './public-hosts.ts';

/** The change between one and several domains, where it would take a public name from any VPS. Names withdrawn otherwise do not count. */
export const modeFlip: GuardCheck = (base, current) => {
  if (base.multiDomain === current.multiDomain) return undefined;
  const kept = { multiDomain: base.multiDomain, routes: base.routes };
  const { lost, total } = lostHosts({ ...current, ...kept }, current);
  if (lost.length === 0) return undefined;
  const mode = (multi: boolean): string => (multi ? 'routing on several domains' : 'one public domain');
  const flip = `from ${mode(base.multiDomain)} to ${mode(current.multiDomain)}`;
  return {
    kind: 'mode',
    names: lost,
    reason: `one change would go ${flip} and remove ${String(lost.length)} of ${String(total)} public names`,
    kept,
  };
};

interface RoutedName {
  readonly service: string;
  readonly domain: string;
}

/** Routed names that vanish from a VPS while their service stays public. */
export const lostRoutes: GuardCheck = (base, current, limits) => {
  if (!base.multiDomain || !current.multiDomain) return undefined;
  const after = new Map(
    [...byVps(current, current)].map(([vps, names]) => [vps, new Set(names.map(nameOf))]),
  );
  const routes = new Map(current.routes);
  const names: string[] = [];
  let total = 0;
  for (const [vps, before] of byVps(base, current)) {
    const lost = before.filter((name) => after.get(vps)?.has(nameOf(name)) !== true);
    if (!isMassive(lost.length, before.length, limits)) continue;
    total += before.length;
    for (const name of lost) {
      names.push(`${nameOf(name)} on ${vps}`);
      const route = base.routes.get(name.service);
      if (route !== undefined)
        routes.set(
          name.service,
          withName(routes.get(name.service) ?? { ...route, domains: [], vpsNodes: [] }, name.domain, vps),
        );
    }
  }
  if (names.length === 0) return undefined;
  return { kind: 'route', names, reason: massReason('routed names', names.length, total), kept: { routes } };
};

/** The routed names of each VPS, for services that are public and not being made private. */
function byVps(snapshot: Snapshot, current: Snapshot): ReadonlyMap<string, readonly RoutedName[]> {
  const names = new Map<string, RoutedName[]>();
  for (const { service, domains, vpsNodes } of snapshot.routes.values()) {
    const known = snapshot.services.get(service);
    if (known?.public !== true || current.services.get(service)?.public === false) continue;
    for (const vps of vpsNodes) {
      const list = names.get(vps) ?? [];
      names.set(vps, list);
      for (const domain of domains) list.push({ service, domain });
    }
  }
  return names;
}

function nameOf({ service, domain }: RoutedName): string {
  return `${service}/${domain}`;
}

function withName(route: Route, domain: string, vps: string): Route {
  const add = (list: readonly string[], item: string): readonly string[] =>
    list.includes(item) ? list : [...list, item];
  return { ...route, domains: add(route.domains, domain), vpsNodes: add(route.vpsNodes, vps) };
}
