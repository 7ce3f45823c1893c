import type { Command } from 'commander';
import type { Strategy } from '../model/service.ts';
import { isEdge } from '../model/node-types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';
import type { Routing } from '../registry/operations/routing.ts';
import type { Call } from './call.ts';
import { listed } from './output/progress.ts';
import { wrongWord } from './words.ts';

const strategies = ['round-robin', 'primary-backup', 'geo'] as const satisfies readonly Strategy[];

/** Words of one option, repeated or joined by commas. */
const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
];

/** Where a service shall be served. */
export function addRoutingOptions(command: Command): void {
  command
    .option('--domain <domain>', 'serve it on this domain (repeatable, or joined by commas)', collect)
    .option(
      '--vps <node>',
      'through this VPS: name or address (repeatable, or joined by commas); all of them when left out',
      collect,
    )
    .option('--strategy <name>', `order of the DNS records: ${strategies.join(', ')}`);
}

/**
 * The routing that the options ask for; undefined where the cluster has one domain and nothing asks for more.
 * @throws SyncError where a domain or VPS is not registered, or where there is no telling which domain is meant.
 */
export function routingOf(call: Call, snapshot: Snapshot, service: string): Routing | undefined {
  const domains = call.texts('domain');
  const given = domains.length > 0 || call.texts('vps').length > 0 || call.text('strategy') !== undefined;
  if (!given && (!snapshot.multiDomain || (snapshot.routes.get(service)?.domains.length ?? 0) > 0))
    return undefined;
  return routing(call, snapshot, { service, domains, only: false });
}

/** The same for words that name the domains themselves. */
export function routing(
  call: Call,
  snapshot: Snapshot,
  to: { readonly service: string; readonly domains: readonly string[]; readonly only: boolean },
): Routing {
  const vps = call.texts('vps');
  return {
    domains:
      to.domains.length > 0
        ? to.domains.map((domain) => knownDomain(domain, snapshot))
        : defaultDomains(snapshot, to.service),
    vpsNodes: vps.length > 0 ? vps.map((word) => vpsAddress(word, snapshot)) : undefined,
    strategy: strategyOf(call.text('strategy')),
    only: to.only,
  };
}

function defaultDomains(snapshot: Snapshot, service: string): readonly string[] {
  const routed = snapshot.routes.get(service)?.domains ?? [];
  if (routed.length > 0) return routed;
  const all = [...snapshot.domains.keys()];
  if (all.length === 1) return all;
  throw wrongWord(
    {
      place: '--domain',
      expected: `one of ${all.length === 0 ? 'the registered domains (there are none)' : listed(all, 10)}`,
      remedy: 'pass --domain, or register one with: syncctl domain add',
    },
    undefined,
  );
}

function knownDomain(word: string, snapshot: Snapshot): string {
  const domain = word.toLowerCase();
  if (snapshot.domains.has(domain)) return domain;
  throw new SyncError('notFound', `domain: expected a registered domain, got ${quoted(word)}`, {
    remedy: `syncctl domain add ${domain}`,
  });
}

/** A VPS by its name, id or address; a record of `domains.json` counts, too. */
export function vpsAddress(word: string, snapshot: Snapshot): string {
  const node = [...snapshot.nodes.values()].find(
    (one) => isEdge(one) && (one.name === word || one.address === word || one.id === word),
  );
  if (node !== undefined) return node.address;
  if (snapshot.vpsRecords.has(word)) return word;
  throw new SyncError(
    'notFound',
    `--vps: expected the name or address of a registered VPS, got ${quoted(word)}`,
    { remedy: 'list them with: syncctl node list' },
  );
}

function strategyOf(word: string | undefined): Strategy | undefined {
  if (word === undefined) return undefined;
  const strategy = strategies.find((known) => known === word);
  if (strategy !== undefined) return strategy;
  throw wrongWord(
    {
      place: '--strategy',
      expected: `one of ${strategies.join(', ')}`,
      remedy: 'leave it out for round-robin',
    },
    word,
  );
}
