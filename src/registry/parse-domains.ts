import type { Domain, VpsRecord } from '../model/service.ts';
import type { RawObject } from '../model/snapshot.ts';
import * as grammar from './grammar.ts';
import { domainLayout, parseLegacyVps } from './legacy.ts';
import { readKey } from './parse-key.ts';
import { freeText, parseVpsFields } from './parse-vps.ts';
import { EntryReader, excerpt, fieldOf, isRow, type Place } from './quarantine.ts';
import { isLocked, judged } from './sealed/sealed-text.ts';

/** What `domains.json` says. */
export interface DomainRecords {
  readonly domains: ReadonlyMap<string, Domain>;
  readonly vpsRecords: ReadonlyMap<string, VpsRecord>;
}

/** `domains.json` in its unified and its old layout, with the records of the legacy key merged in where it has none of its own. */
export function parseDomains(
  raw: RawObject | undefined,
  lastGood: DomainRecords,
  place: Place,
): DomainRecords {
  const content = readKey(raw, 'domains.json', place);
  if (content.kind === 'unreadable') return lastGood;
  const here = place.at('domains.json');
  const layout = domainLayout(content.kind === 'rows' ? content.rows : { domains: {}, vps_nodes: [] });
  if (layout.old)
    here.warn(
      'expected {"domains": …, "vps_nodes": …}, got the old layout; it is read',
      'syncctl migrates it on the next write',
    );
  const domainsPlace = layout.old ? here : here.at('domains');
  const domains = parseDomainRows(layout.domains, lastGood.domains, domainsPlace);
  const records = parseVpsList(layout.vpsNodes, lastGood.vpsRecords, here.at('vps_nodes'));
  for (const record of parseLegacyVps(raw, place)) {
    if (!records.has(record.tailscaleIp)) records.set(record.tailscaleIp, record);
  }
  return { domains, vpsRecords: records };
}

function parseDomainRows(
  value: unknown,
  lastGood: ReadonlyMap<string, Domain>,
  place: Place,
): ReadonlyMap<string, Domain> {
  if (!isRow(value)) {
    place.refuse('an object of domains', value, 'the last good domains stay');
    return lastGood;
  }
  const domains = new Map<string, Domain>();
  for (const [key, row] of Object.entries(value)) {
    const name = grammar.domain(key);
    if (!name.ok) place.at(key).refuse(name.expected, key);
    else domains.set(name.value, parseDomain(row, place.at(key), { name: name.value, lastGood }));
  }
  return domains;
}

function parseDomain(
  value: unknown,
  place: Place,
  { name, lastGood }: { readonly name: string; readonly lastGood: ReadonlyMap<string, Domain> },
): Domain {
  if (!isRow(value)) {
    place.warn(`expected an object, got ${excerpt(value)}; the domain counts without details`);
    return { name, description: '', registered: undefined, status: undefined };
  }
  const reader = new EntryReader(place, value);
  const registered = reader.lenient('registered', grammar.timestamp);
  const status = reader.lenient('status', grammar.word);
  const domain = { name, description: freeText(value, 'description'), registered, status };
  return reader.failed ? (lastGood.get(name) ?? domain) : domain;
}

function parseVpsList(
  value: unknown,
  lastGood: ReadonlyMap<string, VpsRecord>,
  place: Place,
): Map<string, VpsRecord> {
  const records = new Map<string, VpsRecord>();
  if (value === undefined || value === null)
    place.warn(`expected a list, got ${excerpt(value)}; it is read as empty`);
  else if (!Array.isArray(value)) {
    place.refuse('a list', value, 'the last good records stay');
    return new Map(lastGood);
  } else {
    const aside: unknown[] = [];
    value.forEach((row: unknown, index) => {
      const record = parseVpsFields(row, place.at(index));
      if (record === undefined) aside.push(row);
      else if (!records.has(record.tailscaleIp)) records.set(record.tailscaleIp, record);
      else
        place
          .at(index)
          .at('tailscale_ip')
          .error(`expected each address once, got ${record.tailscaleIp} again; the first record counts`);
    });
    for (const record of keptRecords(aside, lastGood))
      if (!records.has(record.tailscaleIp)) records.set(record.tailscaleIp, record);
  }
  return records;
}

/** The last good version of records with a locked value; where it is the address that is locked, nobody knows which one it was. */
function keptRecords(
  aside: readonly unknown[],
  lastGood: ReadonlyMap<string, VpsRecord>,
): readonly VpsRecord[] {
  const locked = aside.filter((row) => isRow(row) && Object.values(row).some(isLocked));
  const addresses = locked.map((row) => (isRow(row) ? fieldOf(row, 'tailscale_ip') : undefined));
  if (addresses.some(isLocked)) return [...lastGood.values()];
  return addresses.flatMap((value) => {
    const address = judged(grammar.nodeAddress, value);
    return (address.ok ? lastGood.get(address.value) : undefined) ?? [];
  });
}
