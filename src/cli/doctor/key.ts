import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('key');

/** A private key is there, and nobody else can read it; or an agent holds one. */
export const keyCheck: Check = {
  name: 'key',
  perNode: false,
  run: async (ground) => {
    const paths = [...(await ground.ports.dedicated()), ...ground.ports.identities];
    const found = (await Promise.all(paths.map((path) => keyFinding(path, ground)))).filter(
      (finding) => finding !== undefined,
    );
    const agent = await agentFinding(ground, found.length > 0);
    if (found.length > 0 || agent.level === 'ok') return [...found, agent];
    const wanted = ground.ports.identities[0] ?? '~/.ssh/mynodeone_id_ed25519';
    return [
      error(
        wanted,
        'no private key is there and no agent answers',
        `ssh-keygen -t ed25519 -N '' -f ${wanted}, then ssh-copy-id to every node`,
      ),
      agent,
    ];
  },
};

async function keyFinding(path: string, { host, uid }: DoctorGround): Promise<DoctorFinding | undefined> {
  const facts = await host.stat(path);
  if (facts === undefined) return undefined;
  if ((facts.mode & 0o077) !== 0)
    return error(path, `can be read by others (mode ${facts.mode.toString(8)})`, `chmod 600 ${path}`);
  const text = await host.read(path);
  if (text === undefined)
    return error(
      path,
      'cannot be read',
      uid === 0 ? `ls -l ${path}` : `run it with sudo, or: sudo chown "$USER" ${path}`,
    );
  if (!text.includes('PRIVATE KEY-----')) return error(path, 'is no private key', `ssh-keygen -l -f ${path}`);
  if (/^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/mu.test(text))
    return warning(
      path,
      'has a passphrase, which a daemon cannot type',
      `ssh-keygen -p -f ${path}, or load it into an agent`,
    );
  return ok(path, 'is there and closed to others');
}

async function agentFinding({ ports, host, signal }: DoctorGround, hasKey: boolean): Promise<DoctorFinding> {
  const { agentSocket } = ports;
  if (agentSocket === undefined) return skipped('agent', 'no agent is set; keys come from files');
  const facts = await host.stat(agentSocket);
  const remedy = 'start one (eval "$(ssh-agent)"; ssh-add), or unset SSH_AUTH_SOCK';
  if (facts?.isSocket !== true)
    return hasKey ? warning(agentSocket, 'is no socket', remedy) : error(agentSocket, 'is no socket', remedy);
  const listed = await host.exec('ssh-add', ['-l'], signal);
  if (listed === undefined) return skipped(agentSocket, 'ssh-add does not answer');
  if (listed.code === 0)
    return ok(agentSocket, `holds ${String(listed.stdout.trim().split('\n').length)} keys`);
  return hasKey
    ? skipped(agentSocket, 'holds no key; keys come from files')
    : error(agentSocket, 'holds no key', 'ssh-add ~/.ssh/mynodeone_id_ed25519');
}
