import type { VpsRecord } from '../model/service.ts';
import { printable } from '../lib/text.ts';
import * as grammar from './grammar.ts';
import { sealedMark } from '../lib/veil.ts';
import { EntryReader, fieldOf, isRow, type Place, type Row } from './quarantine.ts';
import { SealedText } from './sealed/sealed-text.ts';

/** One record of what the public DNS of a VPS points to; undefined when it is set aside. */
export function parseVpsFields(value: unknown, place: Place): VpsRecord | undefined {
  if (!isRow(value)) {
    place.refuse('an object', value, 'the record is set aside');
    return undefined;
  }
  const reader = new EntryReader(place, value);
  const tailscaleIp = reader.required('tailscale_ip', grammar.nodeAddress);
  if (tailscaleIp === undefined) return undefined;
  const details = {
    publicIp: reader.lenient('public_ip', grammar.nodeAddress) ?? '',
    location: freeText(value, 'location'),
    registered: reader.lenient('registered', grammar.timestamp),
    status: reader.lenient('status', grammar.word),
  };
  return reader.failed ? undefined : { tailscaleIp, ...details };
}

/** Free text of an admin: shown, never rendered to a node. */
export function freeText(row: Row, field: string): string {
  const value = fieldOf(row, field);
  // Nothing reads it but people, and they may not.
  if (value instanceof SealedText) return sealedMark;
  return typeof value === 'string' ? printable(value).slice(0, 200) : '';
}
