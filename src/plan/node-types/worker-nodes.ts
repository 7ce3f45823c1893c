import { hostsType } from './hosts-type.ts';

/** Workers resolve the cluster's names from their own /etc/hosts. */
export const workerNodes = hostsType('worker_nodes');
