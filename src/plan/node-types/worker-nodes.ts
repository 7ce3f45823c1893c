import { hosts, hostsForm } from '../targets/hosts.ts';
import { namesType } from './names-type.ts';

/** Workers resolve the cluster's names from their own /etc/hosts. */
export const workerNodes = namesType('worker_nodes', hosts, hostsForm);
