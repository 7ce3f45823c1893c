import { messageOf } from '../../lib/errors.ts';
import { canonicalAddress } from '../../registry/grammar.ts';
import { dnsRecords } from '../dns-records.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('dns');

/** The public DNS of every public host leads to a VPS that serves it. */
export const dnsCheck: Check = {
  name: 'dns',
  perNode: false,
  run: async (ground) => {
    if (ground.snapshot === undefined) return [];
    const { records, missing } = dnsRecords(ground.snapshot);
    const wanted = new Map<string, Set<string>>();
    for (const { host, address } of records) wanted.set(host, (wanted.get(host) ?? new Set()).add(address));
    const unknown = missing.map((vps) =>
      warning(vps, 'no public_ip is registered', `syncctl domain add --vps ${vps} --public-ip <ip>`),
    );
    return [
      ...unknown,
      ...(await Promise.all([...wanted].map(([host, addresses]) => hostFinding(host, addresses, ground)))),
    ];
  },
};

async function hostFinding(
  host: string,
  wanted: ReadonlySet<string>,
  ground: DoctorGround,
): Promise<DoctorFinding> {
  const all = [...wanted].join(', ');
  try {
    const found = (await ground.host.resolve(host)).map((address) => canonicalAddress(address) ?? address);
    if (found.length === 0)
      return error(host, 'has no public DNS record', `at your DNS provider: ${host} A ${all}`);
    const wrong = found.filter((address) => !wanted.has(address));
    if (wrong.length === found.length)
      return error(
        host,
        `leads to ${wrong.join(', ')}, which is no VPS of ours`,
        `at your DNS provider: ${host} A ${all}`,
      );
    if (wrong.length > 0)
      return warning(
        host,
        `leads also to ${wrong.join(', ')}, which is no VPS of ours`,
        `at your DNS provider: remove ${wrong.join(', ')}`,
      );
    return ok(host, `leads to ${found.join(', ')}`);
  } catch (failure) {
    return skipped(host, `the DNS does not answer from here: ${messageOf(failure)}`);
  }
}
