import ssh2 from 'ssh2';
import type { OpenSSHAgent as AgentOf } from 'ssh2';
import type { Identities } from './identities.ts';

const { OpenSSHAgent } = ssh2;

/** An agent of which only the first keys are shown: a host counts every key that is offered as a failed login. */
export class FewKeysAgent extends OpenSSHAgent {
  readonly #most: number;

  constructor(socket: string, most: number) {
    super(socket);
    this.#most = most;
  }

  override getIdentities(done: Parameters<AgentOf['getIdentities']>[0]): void {
    super.getIdentities((error, keys) => {
      done(error, keys?.slice(0, this.#most));
    });
  }
}

/** What one connection offers: at most so many keys, those of files first, then the agent's. */
export interface Offer {
  readonly files: Identities['usable'];
  /** How many keys the agent may still show. */
  readonly ofAgent: number;
  /** Key files that are not offered any more. */
  readonly left: number;
}

/** Keys beyond the limit stay at home: the host would end the connection (MaxAuthTries) or ban us (fail2ban). */
export function offerOf(identities: Identities, most: number): Offer {
  const files = identities.usable.slice(0, most);
  return { files, ofAgent: most - files.length, left: identities.usable.length - files.length };
}
