import type { Snapshot } from '../../model/snapshot.ts';
import { removeDomain, removeVpsRecord, setDomain, setVpsRecord } from '../json-edit.ts';
import { fieldOf, isRow } from '../quarantine.ts';
import { withdrawSteps } from './routing.ts';
import { rowsOf } from './rows.ts';
import type { Step } from './step.ts';

const where = 'domain-registry/domains.json';

/** Registers a public domain; of a known one only the given description changes. */
export function addDomainSteps(
  domain: string,
  description: string | undefined,
  ground: { readonly snapshot: Snapshot; readonly now: string },
): readonly Step[] {
  const isNew = !ground.snapshot.domains.has(domain);
  const fields = isNew
    ? { description: description ?? '', registered: ground.now, status: 'active' }
    : { description };
  return migrating(ground.snapshot, (text) => setDomain(text, domain, fields));
}

/** Registers where the public DNS of a VPS points to; a known record keeps its place and what is not given. */
export function addVpsSteps(
  vps: {
    readonly address: string;
    readonly publicIp: string | undefined;
    readonly location: string | undefined;
  },
  ground: { readonly snapshot: Snapshot; readonly now: string },
): readonly Step[] {
  const isNew = !ground.snapshot.vpsRecords.has(vps.address);
  const given = { public_ip: vps.publicIp, location: vps.location };
  const fields = isNew
    ? { ...given, location: vps.location ?? '', registered: ground.now, status: 'active' }
    : given;
  return migrating(ground.snapshot, (text) => setVpsRecord(text, vps.address, fields));
}

/** Removes a domain: out of every route first, so that a half-done removal serves less, never something dangling. */
export function removeDomainSteps(
  domain: string,
  ground: { readonly snapshot: Snapshot; readonly now: string },
): readonly Step[] {
  return [
    ...withdrawSteps({ domain }, ground.now),
    ...migrating(ground.snapshot, (text) => removeDomain(text, domain)),
  ];
}

/** Removes a VPS record, out of every route first. */
export function removeVpsSteps(
  address: string,
  ground: { readonly snapshot: Snapshot; readonly now: string },
): readonly Step[] {
  return [
    ...withdrawSteps({ vps: address }, ground.now),
    ...migrating(ground.snapshot, (text) => removeVpsRecord(text, address)),
  ];
}

/** Every write of `domains.json` takes the records of the abandoned key over first and then empties that key: two truths become one. */
function migrating(snapshot: Snapshot, edit: (text: string | undefined) => string): readonly Step[] {
  const taken: Step = {
    object: 'domain-registry',
    key: 'domains.json',
    edit: (text) => edit(withLegacyRecords(text, snapshot)),
  };
  const emptied: Step = {
    object: 'domain-registry',
    key: 'vps-nodes.json',
    edit: (text) => (text === undefined || text.trim() === '' || text.trim() === '{}' ? undefined : '{}'),
  };
  return [taken, emptied];
}

function withLegacyRecords(text: string | undefined, snapshot: Snapshot): string | undefined {
  const list = fieldOf(rowsOf(text, where), 'vps_nodes');
  const present = new Set(
    Array.isArray(list)
      ? list.map((row: unknown) => (isRow(row) ? fieldOf(row, 'tailscale_ip') : undefined))
      : [],
  );
  const legacy = [...snapshot.vpsRecords.values()].filter(({ tailscaleIp }) => !present.has(tailscaleIp));
  return legacy.reduce<string | undefined>(
    (result, { tailscaleIp, publicIp, location, registered, status }) =>
      setVpsRecord(result, tailscaleIp, { public_ip: publicIp, location, registered, status }),
    text,
  );
}
