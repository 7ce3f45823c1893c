import { hostsType } from './hosts-type.ts';

/** Laptops resolve the cluster's names from their own /etc/hosts. */
export const managementLaptops = hostsType('management_laptops');
