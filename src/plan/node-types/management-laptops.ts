import { hosts, hostsForm } from '../targets/hosts.ts';
import { namesType } from './names-type.ts';

/** Laptops resolve the cluster's names from their own /etc/hosts. */
export const managementLaptops = namesType('management_laptops', hosts, hostsForm);
