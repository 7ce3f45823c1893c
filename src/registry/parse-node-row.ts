import { sealedMark } from '../lib/veil.ts';
import { nodeId, type Node, type NodeType, type RecordedStatus } from '../model/node.ts';
import * as grammar from './grammar.ts';
import { readStatus } from './legacy.ts';
import { parseLabels, parsePins } from './parse-pins.ts';
import { EntryReader, excerpt, fieldOf, isRow, type Place, type Row } from './quarantine.ts';
import { SealedText } from './sealed/sealed-text.ts';

/** A row after its grammars: good, or set aside with what is still known of whose row it was. */
export type RowVerdict =
  | { readonly ok: true; readonly node: Node }
  | { readonly ok: false; readonly address: string | undefined; readonly name: string | undefined };

const known = ['host_keys', 'labels', 'public_domain', 'pull', 'ssh_port'];

/** Reads one row of `registry.json`. What decides where we connect and what we render is strict; the rest is lenient. */
export function parseNodeRow(type: NodeType, value: unknown, place: Place): RowVerdict {
  if (!isRow(value)) {
    place.refuse('an object', value, 'the row is set aside');
    return { ok: false, address: undefined, name: undefined };
  }
  const reader = new EntryReader(place, value).inPlain('ip');
  const address = reader.required('ip', grammar.nodeAddress);
  const sshUser = reader.required('ssh_user', grammar.sshUser);
  const name = nameOf(reader, value, place);
  const own = parseOwn(fieldOf(value, 'sync_controller'), place.at('sync_controller'));
  const repoPath = reader.lenient('repo_path', grammar.remotePath);
  if (reader.failed || own === undefined || address === undefined || sshUser === undefined)
    return { ok: false, address, name };
  const recorded = parseRecorded(reader, value, place);
  const id = nodeId(type, address);
  return {
    ok: true,
    node: {
      id,
      type,
      address,
      name: name ?? address,
      sshUser,
      ...own,
      repoPath,
      recorded,
      row: JSON.stringify(value),
    },
  };
}

/** A name is there to be shown: where nobody may see it, the address stands for it. */
function nameOf(reader: EntryReader, row: Row, place: Place): string | undefined {
  if (!(fieldOf(row, 'name') instanceof SealedText)) return reader.lenient('name', grammar.nodeName);
  place.at('name').warn(`expected a name in plain, got ${sealedMark}; the node is called by its address`);
  return undefined;
}

type OwnFields = Pick<Node, 'sshPort' | 'hostKeys' | 'labels' | 'publicDomain' | 'pull'>;

/** The one object that we add to a row. A wrong port, domain or way would reach the wrong place, so it sets the row aside. */
function parseOwn(value: unknown, place: Place): OwnFields | undefined {
  if (value === undefined || value === null)
    return { sshPort: undefined, hostKeys: [], labels: {}, publicDomain: undefined };
  if (!isRow(value)) {
    place.refuse('an object', value);
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) place.at(key).warn(`expected one of ${known.join(', ')}; the field is ignored`);
  }
  const reader = new EntryReader(place, value).inPlain('ssh_port');
  const sshPort = reader.optional('ssh_port', grammar.port);
  const publicDomain = reader.optional('public_domain', grammar.domain);
  const pull = reader.optional('pull', grammar.boolean);
  const hostKeys = parsePins(fieldOf(value, 'host_keys'), place.at('host_keys'));
  const labels = parseLabels(fieldOf(value, 'labels'), place.at('labels'));
  if (reader.failed) return undefined;
  return { sshPort, hostKeys, labels, publicDomain, ...(pull === true ? { pull } : {}) };
}

function parseRecorded(reader: EntryReader, row: Row, place: Place): RecordedStatus {
  const text = fieldOf(row, 'status');
  const status = readStatus(text);
  if (status === undefined && text !== undefined && text !== null && text !== '') {
    place.at('status').warn(`expected active, pending_sync or error, got ${excerpt(text)}; it is ignored`);
  }
  return {
    status,
    lastSync: reader.lenient('last_sync', grammar.timestamp),
    lastAttempt: reader.lenient('last_attempt', grammar.timestamp),
    lastError: reader.lenient('last_error', grammar.timestamp),
  };
}
