/** What a token of the API may do, each including the one before it. */
export const tokenRoles = ['viewer', 'operator', 'admin'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** A name that stands for itself in the audit and in a log. */
export const tokenNameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/u;
