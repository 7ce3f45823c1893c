import type { Route, Strategy } from '../model/service.ts';
import type { RawObject } from '../model/snapshot.ts';
import * as grammar from './grammar.ts';
import { readKey } from './parse-key.ts';
import { excerpt, fieldOf, isRow, type Place, type Row } from './quarantine.ts';
import { isLocked, judged } from './sealed/sealed-text.ts';

/** What `routing.json` says. Entries, even bad ones, mean several domains. */
export interface Routing {
  readonly routes: ReadonlyMap<string, Route>;
  readonly multiDomain: boolean;
}

/** `routing.json`: the good entries, and the last good version of bad ones. */
export function parseRouting(raw: RawObject | undefined, lastGood: Routing, place: Place): Routing {
  const content = readKey(raw, 'routing.json', place);
  if (content.kind === 'unreadable') return lastGood;
  if (content.kind === 'empty') return { routes: new Map(), multiDomain: false };
  const routes = new Map<string, Route>();
  for (const [service, value] of Object.entries(content.rows)) {
    const here = place.at('routing.json').at(service);
    const named = grammar.serviceName(service);
    if (!named.ok) here.refuse(named.expected, service);
    const route = named.ok ? (parseRoute(service, value, here) ?? lastGood.routes.get(service)) : undefined;
    if (route !== undefined) routes.set(service, route);
  }
  // Were a file of bad entries read as empty, every public service would move to the single domain.
  return { routes, multiDomain: true };
}

function parseRoute(service: string, value: unknown, place: Place): Route | undefined {
  if (!isRow(value)) {
    place.refuse('an object', value);
    return undefined;
  }
  const domains = parseList(value, 'domains', { place, grammar: grammar.domain });
  const vpsNodes = parseList(value, 'vps_nodes', { place, grammar: grammar.nodeAddress });
  if (domains === undefined || vpsNodes === undefined) return undefined;
  return {
    service,
    domains,
    vpsNodes,
    strategy: parseStrategy(fieldOf(value, 'strategy'), place.at('strategy')),
  };
}

/** A list of texts without the empty ones that naive CSV splitting left, each once. One bad item sets the entry aside. */
function parseList(
  row: Row,
  field: string,
  { place, grammar: itemGrammar }: { place: Place; grammar: grammar.Grammar<string> },
): readonly string[] | undefined {
  const value = fieldOf(row, field);
  if (!Array.isArray(value)) {
    place.at(field).refuse('a list', value);
    return undefined;
  }
  const items = value.map((item: unknown, index) => {
    if (item === '') return item;
    const verdict = judged(itemGrammar, item);
    if (verdict.ok) return verdict.value;
    if (isLocked(item)) place.at(field).at(index).locked(item);
    else place.at(field).at(index).refuse(verdict.expected, item);
    return undefined;
  });
  const good = items.flatMap((item) => (item === undefined || item === '' ? [] : item));
  return items.includes(undefined) ? undefined : [...new Set(good)];
}

const strategies: readonly Strategy[] = ['round-robin', 'primary-backup', 'geo'];

const strategyWord: grammar.Grammar<Strategy> = (value) => {
  const known = strategies.find((strategy) => strategy === value);
  return known === undefined ? { ok: false, expected: strategies.join(', ') } : { ok: true, value: known };
};

function parseStrategy(value: unknown, place: Place): Strategy {
  const verdict = judged(strategyWord, value);
  if (verdict.ok) return verdict.value;
  if (value !== undefined && value !== null && value !== '') {
    place.warn(`expected ${strategies.join(', ')}, got ${excerpt(value)}; round-robin is used`);
  }
  return 'round-robin';
}
