import type { Node } from '../model/node.ts';
import { exitCodes, SyncError } from '../lib/errors.ts';
import type { Call } from './call.ts';
import { apiVersion } from './output/structured.ts';

/** Mints the token of a node that fetches its configuration, and prints the one line to run there. */
export async function offerJoin(
  call: Call,
  node: { readonly id: string; readonly name: string },
  now: boolean,
): Promise<number> {
  const settings = await call.settings();
  const { pullAddress } = await import('../enrol/pull-address.ts');
  // Where nobody could come, nothing is minted.
  const { url, pin } = pullAddress(settings.pull);
  const { nodeTokens } = await call.controller();
  const { secret } = await nodeTokens.mint({ node: node.id, now, actor: call.actor(call.text('reason')) });
  const command = joinCommand({ url, pin, secret });
  await call.print({
    value: { apiVersion, kind: 'PullEnrolment', node: node.id, url, pin: pin ?? null, secret, command },
    table: () => `${command}\n`,
  });
  call.note(
    'info',
    `Run the line above on ${node.name}: it holds the token of the node, which is shown this once`,
  );
  return exitCodes.ok;
}

/** One line for a shell on the node. The token goes to curl on its standard input, so that no list of processes shows it. */
function joinCommand({
  url,
  pin,
  secret,
}: {
  readonly url: string;
  readonly pin: string | undefined;
  readonly secret: string;
}): string {
  // A pinned key says who it is, whoever has signed it.
  const trust = pin === undefined ? '' : ` -k --pinnedpubkey '${pin}'`;
  return `curl -fsS${trust} -H @- '${url}/pull/v1' <<<'Authorization: Bearer ${secret}' | sudo bash`;
}

/**
 * Refuses a node that nobody logs in to.
 * @throws SyncError `conflict`.
 */
export function mustBeDialled({ name, pull }: Pick<Node, 'name' | 'pull'>, what: string): void {
  if (pull !== true) return;
  throw new SyncError(
    'conflict',
    `${what}: expected a node that is reached over SSH, got ${name}, which fetches its configuration itself`,
    { remedy: `see "Nodes that nobody can reach" in docs/operations.md` },
  );
}
