/** What a token of the API may do, each including the one before it. */
export const tokenRoles = ['viewer', 'operator', 'admin'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** The role that a word names. One of a later release is none that this one knows: it may do the least. */
export function tokenRoleOf(word: string): TokenRole {
  return tokenRoles.find((known) => known === word) ?? 'viewer';
}

/** A name that stands for itself in the audit and in a log. */
export const tokenNameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/u;
export const tokenNameExpected = 'up to 64 letters, digits and any of . _ @ -';
