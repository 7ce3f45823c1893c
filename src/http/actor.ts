import type { Actor } from '../contract/controller.ts';
import type { Role } from '../contract/access.ts';
import type { TokenRecord } from '../store/records.ts';
import type { Session } from './sessions.ts';

/** Who is at the door. */
export interface Caller {
  /** The name of the token; undefined for the owner of the socket, who says in whose name it is. */
  readonly name: string | undefined;
  readonly role: Role;
  /** The token itself, where it came with the request. */
  readonly holder?: TokenRecord;
  /** The session of a browser. */
  readonly session?: Session;
  /** False once the token or the session is over: an answer without end stops there. */
  readonly isLive?: () => boolean;
}

/** What a door has found out about a request. */
export interface Env {
  readonly Variables: { readonly caller: Caller };
}

/** The actor of a body as the controller takes it. */
export function actorOf({ who, reason }: { who?: string | undefined; reason?: string | undefined }): Actor {
  return { who: who ?? 'somebody', reason };
}

/** A body in the name of its caller, whatever it says itself. */
export function inNameOf(caller: Caller, body: unknown): unknown {
  if (caller.name === undefined || typeof body !== 'object' || body === null || !('actor' in body))
    return body;
  const actor = typeof body.actor === 'object' ? body.actor : {};
  return { ...body, actor: { ...actor, who: caller.name } };
}
