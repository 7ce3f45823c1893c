import type { RecordedStatus } from '../model/node.ts';
import type { VpsRecord } from '../model/service.ts';
import type { RawObject } from '../model/snapshot.ts';
import { readJson } from './parse-json.ts';
import { parseVpsFields } from './parse-vps.ts';
import { fieldOf, isRow, type Place, type Row } from './quarantine.ts';
import { withSealed } from './sealed/sealed-text.ts';

/** A recorded status; the predecessor wrote `failed` where its documents said `error`. */
export function readStatus(value: unknown): RecordedStatus['status'] {
  switch (value) {
    case 'active':
    case 'pending_sync':
    case 'error':
      return value;
    case 'failed':
      return 'error';
    default:
      return undefined;
  }
}

/** The two parts of `domains.json`, whichever layout it has: before November 2025 the domains were the top level. */
export function domainLayout(rows: Row): {
  readonly domains: unknown;
  readonly vpsNodes: unknown;
  readonly old: boolean;
} {
  const unified = isRow(fieldOf(rows, 'domains')) || Array.isArray(fieldOf(rows, 'vps_nodes'));
  if (!unified) return { domains: rows, vpsNodes: [], old: true };
  return { domains: fieldOf(rows, 'domains'), vpsNodes: fieldOf(rows, 'vps_nodes'), old: false };
}

const legacyKey = 'vps-nodes.json';

/** The records of the abandoned key `vps-nodes.json`, keyed there by Tailscale address. A key that cannot be read costs nothing. */
export function parseLegacyVps(raw: RawObject | undefined, place: Place): readonly VpsRecord[] {
  const text = raw !== undefined && Object.hasOwn(raw.data, legacyKey) ? raw.data[legacyKey] : undefined;
  if (text === undefined) return [];
  const here = place.at(legacyKey);
  const json = readJson(text);
  if (json.kind === 'empty') return [];
  const rows = json.kind === 'value' ? withSealed(json.value) : undefined;
  if (!isRow(rows)) {
    here.warn(
      'expected a JSON object, got something else; this legacy key is ignored',
      'remove the key vps-nodes.json',
    );
    return [];
  }
  const records = Object.entries(rows).flatMap(([address, value]) => {
    const row = isRow(value)
      ? { ...value, tailscale_ip: address, location: fieldOf(value, 'region') }
      : value;
    return parseVpsFields(row, here.at(address)) ?? [];
  });
  if (records.length > 0)
    here.warn(
      'a legacy key: its records are read as part of domains.json',
      'syncctl migrates it on the next write of domains.json',
    );
  return records;
}
