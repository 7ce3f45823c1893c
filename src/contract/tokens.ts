import * as z from 'zod';
import { tokenNameExpected, tokenNameForm, tokenRoles, type TokenRole } from '../model/token.ts';
import { actorSchema } from './access.ts';
import type { Actor } from './controller.ts';

const name = z.string().regex(tokenNameForm, { error: `expected ${tokenNameExpected}` });

/** A token as it is shown: never its secret. */
export const tokenReportSchema = z.object({
  name: z.string(),
  role: z.enum(tokenRoles),
  since: z.string(),
  by: z.string(),
  why: z.string().nullable(),
  expires: z.string().nullable(),
  /** True where its time is over. */
  over: z.boolean(),
});
export type TokenReport = z.infer<typeof tokenReportSchema>;

export interface TokenRequest {
  readonly name: string;
  readonly role: TokenRole;
  /** ISO time. */
  readonly expires?: string | undefined;
  readonly actor: Actor;
}

/** Who may use the API over TCP, beside `ControllerApi`; the owner's alone. */
export interface TokenDesk {
  list(): Promise<readonly TokenReport[]>;
  /** @returns the secret, which nobody sees again. */
  mint(request: TokenRequest): Promise<{ readonly secret: string; readonly token: TokenReport }>;
  revoke(request: { readonly name: string; readonly actor: Actor }): Promise<void>;
}

/** Where a controller offers its tokens. */
export interface Tokened {
  readonly tokens: TokenDesk;
}

const prefix = '/api/v1/tokens';

/** The routes of tokens; part of the table in routes.ts. */
export const tokenRoutes = {
  tokens: {
    method: 'GET',
    path: prefix,
    role: 'owner',
    summary: 'The tokens of the API, without their secrets.',
    form: 'json',
    body: z.strictObject({}),
    answer: z.object({ tokens: z.array(tokenReportSchema) }),
  },
  mintToken: {
    method: 'POST',
    path: `${prefix}/mint`,
    role: 'owner',
    summary: 'Mint a token; its secret is in this answer and nowhere else.',
    form: 'json',
    body: z.strictObject({
      name,
      role: z.enum(tokenRoles),
      expires: z.iso.datetime().optional(),
      actor: actorSchema,
    }),
    answer: z.object({ secret: z.string(), token: tokenReportSchema }),
  },
  revokeToken: {
    method: 'POST',
    path: `${prefix}/revoke`,
    role: 'owner',
    summary: 'End a token at once.',
    form: 'json',
    body: z.strictObject({ name, actor: actorSchema }),
    answer: z.strictObject({}),
  },
} as const;

type Routes = typeof tokenRoutes;
type Ask = <N extends keyof Routes>(name: N, body: unknown) => Promise<z.output<Routes[N]['answer']>>;

/** The tokens behind a socket. */
export function tokensOver(ask: Ask): TokenDesk {
  return {
    list: async () => (await ask('tokens', {})).tokens,
    mint: (request) => ask('mintToken', request),
    revoke: async (request) => {
      await ask('revokeToken', request);
    },
  };
}
