import { exitCodes, SyncError } from '../../lib/errors.ts';
import { quoted } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { dnsRecords } from '../dns-records.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { needRegistries } from '../registries.ts';

export const command: CommandModule = {
  configure: (show) => {
    show
      .argument('[domain]', 'one domain; all of them when left out')
      .addHelpText(
        'after',
        '\nPrints the records that the public DNS should have; we do not control it.\nFor geo, give the records to a geo DNS.',
      );
  },
  examples: ['syncctl domain show curiios.com', 'syncctl domain show -o json'],
  run: async (call) => {
    const { snapshot } = await needRegistries(call);
    const word = call.word(0)?.toLowerCase();
    const { records, missing } = dnsRecords(snapshot);
    const wanted = records.filter(
      ({ host }) => word === undefined || host === word || host.endsWith(`.${word}`),
    );
    if (word !== undefined && wanted.length === 0 && !snapshot.domains.has(word)) {
      throw new SyncError('notFound', `domain: expected a registered domain, got ${quoted(word)}`, {
        remedy: 'list them with: syncctl domain list',
      });
    }
    await call.print({
      value: {
        apiVersion,
        kind: 'DnsRecords',
        domain: word ?? null,
        records: wanted,
        vpsWithoutPublicIp: missing,
      },
      table: () =>
        table(
          ['host', 'type', 'address', 'strategy', 'role', 'service', 'vps'],
          wanted.map((record) => [
            record.host,
            record.type,
            record.address,
            record.strategy,
            record.role,
            record.service,
            record.vps,
          ]),
        ),
    });
    for (const vps of missing)
      call.note(
        'warn',
        `${vps}: no public_ip is registered, so its records are left out; syncctl domain add --vps ${vps} --public-ip <ip>`,
      );
    return exitCodes.ok;
  },
};
