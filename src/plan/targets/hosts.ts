import { emitHosts, readHosts } from '../hosts-block.ts';
import { namesTarget, type NamesForm } from './names.ts';
import type { Target } from './target.ts';

/** The managed block of /etc/hosts, as text. */
export const hostsForm: NamesForm = { kind: 'hosts', emit: emitHosts, read: readHosts };

/** The managed block of /etc/hosts: every program of the node reads it, and its resolver proves it. */
export const hosts: Target = {
  ...namesTarget(hostsForm),
  loading: undefined,
  report: undefined,
  last: { rung: 'resolves', bad: 'not_resolving', said: 'the resolver answers another address' },
};
