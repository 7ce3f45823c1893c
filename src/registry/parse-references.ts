import { publicDomainOf } from '../model/host-names.ts';
import { isEdge } from '../model/node-types.ts';
import type { UnsealedSnapshot } from '../model/seal.ts';
import type { Place } from './quarantine.ts';

/** Warns of what is written nowhere else: references to what does not exist, and public services that nothing serves. */
export function checkReferences(content: UnsealedSnapshot, services: Place, domains: Place): void {
  const vps = new Set([...content.vpsRecords.keys(), ...vpsAddresses(content)]);
  for (const route of content.routes.values()) {
    const here = domains.at('routing.json').at(route.service);
    if (!content.services.has(route.service))
      here.warn(`routes the service ${route.service}, which is not registered`);
    if (route.vpsNodes.length === 0) here.at('vps_nodes').warn('lists no VPS: the service is served nowhere');
    if (route.domains.length === 0) here.at('domains').warn('lists no domain: the service is served nowhere');
    for (const domain of route.domains) {
      if (!content.domains.has(domain))
        here
          .at('domains')
          .warn(`names the domain ${domain}, which is not registered`, `syncctl domain add ${domain}`);
    }
    for (const address of route.vpsNodes) {
      if (!vps.has(address)) here.at('vps_nodes').warn(`names the VPS ${address}, which is not registered`);
    }
  }
  for (const service of content.services.values()) {
    if (service.public && content.multiDomain && !content.routes.has(service.name)) {
      services
        .at('services.json')
        .at(service.name)
        .warn(
          'is public and routed to no domain: it is served nowhere',
          `syncctl domain route ${service.name}`,
        );
    }
  }
  checkSingleDomain(content, domains);
}

function vpsAddresses(content: UnsealedSnapshot): readonly string[] {
  return [...content.nodes.values()].filter(isEdge).map((node) => node.address);
}

function checkSingleDomain(content: UnsealedSnapshot, domains: Place): void {
  if (content.multiDomain) return;
  const without = [...content.nodes.values()].find(
    (node) => isEdge(node) && publicDomainOf(node, content) === undefined,
  );
  if (without === undefined) return;
  const found = content.domains.size === 0 ? 'none' : `${String(content.domains.size)} registered ones`;
  domains
    .at('domains.json')
    .warn(
      `expected one public domain for the VPS ${without.name}, got ${found}: its routes stay as they are`,
      'set public-domain in cluster-info, or: syncctl domain route SERVICE --domains …',
    );
}
