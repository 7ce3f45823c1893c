import type { Service } from '../model/service.ts';
import { isMassive, massReason, type GuardCheck } from './guard-types.ts';

/** Services that vanish, or lose their address: both take their names from every node. */
export const lostServices: GuardCheck = (base, current, limits) => {
  const served = [...base.services.values()].filter((service) => service.ip !== undefined);
  const lost = served.filter((service) => current.services.get(service.name)?.ip === undefined);
  if (!isMassive(lost.length, served.length, limits)) return undefined;
  const services = new Map(current.services);
  const routes = new Map(current.routes);
  for (const { name } of lost) {
    const [service, route] = [base.services.get(name), base.routes.get(name)];
    if (service !== undefined) services.set(name, keptService(service, current.services.get(name)));
    // A service that vanished took its route along; one that is still there may lose its route by itself.
    if (route !== undefined && current.multiDomain && !current.services.has(name) && !routes.has(name))
      routes.set(name, route);
  }
  const reason = massReason('services', lost.length, served.length);
  return { kind: 'service', names: lost.map((service) => service.name), reason, kept: { services, routes } };
};

/** A service that only lost its address keeps that, and takes every other change: above all one to private. */
function keptService(before: Service, now: Service | undefined): Service {
  return now === undefined ? before : { ...now, ip: before.ip };
}

/** Rows of the node registry that vanish. */
export const lostNodes: GuardCheck = (base, current, limits) => {
  const lost = [...base.nodes.values()].filter((node) => !current.nodes.has(node.id));
  if (!isMassive(lost.length, base.nodes.size, limits)) return undefined;
  const nodes = new Map(current.nodes);
  for (const node of lost) nodes.set(node.id, node);
  return {
    kind: 'node',
    names: lost.map((node) => node.id),
    reason: massReason('nodes', lost.length, base.nodes.size),
    kept: { nodes },
  };
};

/** Registered domains that vanish. */
export const lostDomains: GuardCheck = (base, current, limits) => {
  const lost = [...base.domains.values()].filter((domain) => !current.domains.has(domain.name));
  if (!isMassive(lost.length, base.domains.size, limits)) return undefined;
  const domains = new Map(current.domains);
  for (const domain of lost) domains.set(domain.name, domain);
  return {
    kind: 'domain',
    names: lost.map((domain) => domain.name),
    reason: massReason('domains', lost.length, base.domains.size),
    kept: { domains },
  };
};
