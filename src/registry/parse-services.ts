import type { Service } from '../model/service.ts';
import type { RawObject } from '../model/snapshot.ts';
import * as grammar from './grammar.ts';
import { readKey } from './parse-key.ts';
import { EntryReader, excerpt, fieldOf, isRow, type Place, type Row } from './quarantine.ts';

type Services = ReadonlyMap<string, Service>;

/** `services.json`: the good entries, the last good version of bad ones; all of the last good where the key cannot be read. */
export function parseServices(raw: RawObject | undefined, lastGood: Services, place: Place): Services {
  const content = readKey(raw, 'services.json', place);
  if (content.kind === 'unreadable') return lastGood;
  const services = new Map<string, Service>();
  if (content.kind === 'empty') return services;
  for (const [name, value] of Object.entries(content.rows)) {
    const service = parseService(name, value, {
      place: place.at('services.json').at(name),
      lastGood: lastGood.get(name),
    });
    if (service !== undefined) services.set(name, service);
  }
  return services;
}

interface EntryContext {
  readonly place: Place;
  readonly lastGood: Service | undefined;
}

function parseService(name: string, value: unknown, { place, lastGood }: EntryContext): Service | undefined {
  const named = grammar.serviceName(name);
  if (!named.ok) {
    place.refuse(named.expected, name);
    return undefined;
  }
  if (!isRow(value)) {
    place.refuse('an object', value, lastGood === undefined ? '' : 'the last good version stays');
    return lastGood;
  }
  const reader = new EntryReader(place, value).inPlain('port');
  const subdomain = reader.required('subdomain', grammar.subdomain);
  const port = reader.required('port', grammar.port);
  const ip = reader.optional('ip', grammar.serviceAddress);
  const details = reader.failed ? undefined : detailsIn(reader);
  if (details === undefined || subdomain === undefined || port === undefined)
    return keptService(lastGood, value);
  return {
    name,
    subdomain,
    ...details,
    ip,
    port,
    public: readPublic(value, place),
  };
}

/** What is told of a service and decides nothing; undefined where a value that is sealed could not be opened. */
function detailsIn(reader: EntryReader): Pick<Service, 'namespace' | 'service' | 'updated'> | undefined {
  const details = {
    namespace: reader.lenient('namespace', grammar.kubernetesName),
    service: reader.lenient('service', grammar.kubernetesName),
    updated: reader.lenient('updated', grammar.timestamp),
  };
  return reader.failed ? undefined : details;
}

/** The last good version, except that a bad entry which says `public: false` still closes: withdrawing never waits for tidiness. */
function keptService(lastGood: Service | undefined, row: Row): Service | undefined {
  return lastGood !== undefined && fieldOf(row, 'public') === false
    ? { ...lastGood, public: false }
    : lastGood;
}

/** Only `true` itself publishes. */
function readPublic(row: Row, place: Place): boolean {
  const value = fieldOf(row, 'public');
  if (value === undefined || value === null || typeof value === 'boolean') return value === true;
  place.at('public').warn(`expected true or false, got ${excerpt(value)}; the service stays private`);
  return false;
}
