import { causeOf, remedyFor } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { mendFor } from './mends.ts';
import type { NodeLook } from './ports.ts';

const { ok, warning, error } = findingsOf('login');
const skewSeconds = 30;
const parallel = 16;

/** Every node takes our key, shows its pinned host key, gives sudo, answers through the receiver, and its consumer is well. */
export const loginCheck: Check = {
  name: 'login',
  perNode: true,
  run: async (ground) => {
    const waiting = [...ground.nodes];
    const findings: DoctorFinding[] = [];
    const worker = async (): Promise<void> => {
      for (let node = waiting.shift(); node !== undefined; node = waiting.shift())
        findings.push(...(await look(node, ground)));
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return findings;
  },
};

async function look(node: Node, ground: DoctorGround): Promise<readonly DoctorFinding[]> {
  const seen = await ground.ports.look(node, ground.signal);
  if (!seen.ok) return [failed(node, seen)];
  return [
    ok(node.name, `login, host key, sudo and receiver ${seen.facts.receiver} are well`),
    ...consumer(node, seen),
    ...clock(node, seen.facts.clock, ground),
    ...legacy(node, seen.facts.legacy),
  ];
}

function failed(node: Node, { cause, evidence }: NodeLook & { ok: false }): DoctorFinding {
  const { meaning, offline } = causeOf(cause);
  const message = `${meaning} (${cause}${evidence === '' ? '' : `: ${evidence}`})`;
  const remedy = mendFor(cause, node) ?? remedyFor(cause, node);
  return offline ? warning(node.name, message, remedy) : error(node.name, message, remedy);
}

function consumer(node: Node, { rungs, text }: NodeLook & { ok: true }): readonly DoctorFinding[] {
  const login = `${node.sshUser}@${node.address}`;
  const said = text === '' ? '' : `: ${text}`;
  const traefik = `ssh ${login} "cd ~/traefik && docker compose restart && docker logs traefik -n 50"`;
  const found: DoctorFinding[] = [];
  if (rungs['raw'] === 'down' || rungs['answers'] === 'down')
    found.push(error(node.name, `Traefik does not answer${said}`, traefik));
  if (rungs['answers'] === 'bad')
    found.push(error(node.name, `Traefik does not serve what the file says${said}`, traefik));
  if (rungs['raw'] === 'none')
    found.push(
      warning(
        node.name,
        "Traefik's API cannot be read, so only a request proves a route",
        'enable the API on 127.0.0.1 in traefik.yml, then syncctl node add --upgrade',
      ),
    );
  if (rungs['resolves'] === 'bad')
    found.push(
      error(
        node.name,
        `the resolver does not read /etc/hosts first${said}`,
        `on the node: put "files" before "dns" in the hosts line of /etc/nsswitch.conf; sudo resolvectl flush-caches`,
      ),
    );
  if (rungs['resolves'] === 'down')
    found.push(error(node.name, `the resolver does not answer${said}`, `ssh ${login} resolvectl status`));
  return found;
}

function clock(node: Node, seconds: number, { clock: ours }: DoctorGround): readonly DoctorFinding[] {
  const skew = Math.round(seconds - ours.now() / 1000);
  if (Math.abs(skew) <= skewSeconds) return [];
  return [
    warning(
      node.name,
      `its clock is ${String(Math.abs(skew))} s ${skew > 0 ? 'ahead' : 'behind'}`,
      'on the node: sudo timedatectl set-ntp true',
    ),
  ];
}

function legacy(node: Node, blocks: number): readonly DoctorFinding[] {
  return blocks === 0
    ? []
    : [
        warning(
          node.name,
          `${String(blocks)} blocks of older tools are in the target: something else writes it`,
          `syncctl push ${node.name}; then remove the old scripts from cron and from the app installers`,
        ),
      ];
}
