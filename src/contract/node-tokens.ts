import * as z from 'zod';
import { actorSchema } from './access.ts';
import type { Actor } from './controller.ts';

const node = z.string().min(1).max(256);

/** A token of a node that fetches its configuration, as it is shown: never its secret. */
export const nodeTokenReportSchema = z.object({
  node: z.string(),
  since: z.string(),
  by: z.string(),
  why: z.string().nullable(),
});
export type NodeTokenReport = z.infer<typeof nodeTokenReportSchema>;

export interface NodeTokenRequest {
  /** Id, name or address of a registered node that fetches its configuration. */
  readonly node: string;
  /** The tokens before it end at once; else when this one is first used. */
  readonly now: boolean;
  readonly actor: Actor;
}

/** Who may fetch the configuration of which node; the owner's alone. */
export interface NodeTokenDesk {
  /** @returns the secret, which nobody sees again. */
  mint(request: NodeTokenRequest): Promise<{ readonly secret: string; readonly token: NodeTokenReport }>;
}

/** Where a controller offers the tokens of nodes. */
export interface NodeTokened {
  readonly nodeTokens: NodeTokenDesk;
}

/** The routes of tokens of nodes; part of the table in routes.ts. */
export const nodeTokenRoutes = {
  mintNodeToken: {
    method: 'POST',
    path: '/api/v1/node-tokens/mint',
    role: 'owner',
    summary:
      'Mint the token with which a node fetches its configuration; its secret is in this answer and nowhere else.',
    form: 'json',
    body: z.strictObject({ node, now: z.boolean(), actor: actorSchema }),
    answer: z.object({ secret: z.string(), token: nodeTokenReportSchema }),
  },
} as const;

type Routes = typeof nodeTokenRoutes;
type Ask = <N extends keyof Routes>(name: N, body: unknown) => Promise<z.output<Routes[N]['answer']>>;

/** The tokens of nodes behind a socket. */
export function nodeTokensOver(ask: Ask): NodeTokenDesk {
  return { mint: (request) => ask('mintNodeToken', request) };
}
