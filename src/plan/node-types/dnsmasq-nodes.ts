import { dnsmasqForm, dnsmasqHosts } from '../targets/dnsmasq-hosts.ts';
import { namesType } from './names-type.ts';

/** A name server with dnsmasq answers for the cluster's names to everybody who asks it. */
export const dnsmasqNodes = namesType('dnsmasq_nodes', dnsmasqHosts, dnsmasqForm);
