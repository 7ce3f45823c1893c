import { createHash } from 'node:crypto';
import type { HostKeyPin } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../catalogue.ts';
import { known } from '../health/known.ts';
import { healthReport } from '../health/report.ts';
import { pairs } from '../output/pairs.ts';
import { apiVersion } from '../output/structured.ts';
import { pickNode } from '../pick.ts';
import { unreadable } from '../registries.ts';

export const command: CommandModule = {
  configure: (show) => {
    show.argument('<node>', 'name, address or id');
  },
  examples: ['syncctl node show contabo-vps', 'syncctl node show contabo-vps -o yaml'],
  run: async (call) => {
    const facts = await known(call);
    const { snapshot, source, reason, remedy } = facts.registries;
    if (snapshot === undefined) throw unreadable(source, reason, remedy);
    const node = pickNode(call.need(0), snapshot.nodes);
    const state = healthReport(facts).nodes.find((candidate) => candidate.node === node.id);
    const hostKeys = node.hostKeys.map((pin) => ({ ...pin, fingerprint: fingerprint(pin) }));
    const { sshUser, sshPort, labels, publicDomain, repoPath } = node;
    await call.print({
      value: { apiVersion, kind: 'Node', ...state, user: sshUser, port: sshPort ?? null, labels, publicDomain: publicDomain ?? null, repoPath: repoPath ?? null, hostKeys },
      table: () =>
        pairs(
          (
            [
              ['Name', node.name],
              ['Id', node.id],
              ['Type', node.type],
              ['Login', `${sshUser}@${node.address}${sshPort === undefined ? '' : `, port ${String(sshPort)}`}`],
              ['Public domain', publicDomain ?? '-'],
              ['Labels', Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(', ') || '-'],
              ['State', state?.state ?? '-'],
              ['Cause', state?.cause ?? '-'],
              ['Evidence', state?.evidence === '' ? '-' : (state?.evidence ?? '-')],
              ['Remedy', state?.remedy ?? '-'],
              ['Since', state?.since ?? '-'],
              ['Last sync', state?.lastSync ?? 'never'],
              ['Last attempt', state?.lastAttempt ?? 'never'],
              ...(hostKeys.length === 0 ? ([['Host key', `none is pinned; syncctl node trust ${node.name} --from scan`]] as const) : []),
              ...hostKeys.map((pin) => ['Host key', `${pin.key.split(' ')[0] ?? ''} ${pin.fingerprint} (${pin.source}, ${pin.added})`] as const),
            ] as const
          ).map(([name, value]) => [name, printable(value)] as const),
        ),
    });
    return exitCodes.ok;
  },
};

/** As ssh prints it. */
function fingerprint({ key }: HostKeyPin): string {
  const blob = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/u, '')}`;
}
