import { emitDnsmasq, readDnsmasq } from '../dnsmasq-file.ts';
import { namesTarget, type NamesForm } from './names.ts';
import type { Target } from './target.ts';

/** The file of names that dnsmasq reads, as text. */
export const dnsmasqForm: NamesForm = { kind: 'dnsmasq-hosts', emit: emitDnsmasq, read: readDnsmasq };

/** A file in a `hostsdir` of dnsmasq: it follows the directory by itself, and a query on the node proves it. */
export const dnsmasqHosts: Target = {
  ...namesTarget(dnsmasqForm),
  loading: { before: ['content', 'answers'], proof: ['answers'], told: true },
  report: undefined,
  last: { rung: 'answers', bad: 'not_answering', said: 'dnsmasq answers another address' },
};
