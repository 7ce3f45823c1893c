import * as z from 'zod';

// Every leaf says in words what it expects: that text is the middle of the sentence an admin reads after a typing error.

/** A whole number between two bounds. */
export function whole(fallback: number, bounds: { min: number; max: number }, description: string) {
  const error = `a whole number from ${String(bounds.min)} to ${String(bounds.max)}`;
  return z
    .number({ error })
    .int({ error })
    .min(bounds.min, { error })
    .max(bounds.max, { error })
    .default(fallback)
    .describe(description);
}

/** A number between two bounds, fractions allowed. */
export function number(fallback: number, bounds: { min: number; max: number }, description: string) {
  const error = `a number from ${String(bounds.min)} to ${String(bounds.max)}`;
  return z
    .number({ error })
    .min(bounds.min, { error })
    .max(bounds.max, { error })
    .default(fallback)
    .describe(description);
}

/** A duration in milliseconds, from 1 ms (tests shrink timers) to a week. */
export function millis(fallback: number, description: string) {
  return whole(fallback, { min: 1, max: 604_800_000 }, description);
}

/** One word of a fixed set. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  words: T,
  fallback: T[number],
  description: string,
) {
  return z
    .enum(words, { error: `one of ${words.join(', ')}` })
    .default(fallback as z.core.util.NoUndefined<T[number]>)
    .describe(description);
}

/** Yes or no. */
export function flag(fallback: boolean, description: string) {
  return z.boolean({ error: 'true or false' }).default(fallback).describe(description);
}

/** Text that may be left out; `null` in a file means the same as leaving it out. */
export function optionalText(description: string, expected = 'a text of 1 to 4096 characters, or null') {
  return z
    .string({ error: expected })
    .min(1, { error: expected })
    .max(4096, { error: expected })
    .nullable()
    .default(null)
    .transform((value) => value ?? undefined)
    .describe(description);
}

/** The absolute path of a file or folder, or nothing. */
export function optionalPath(description: string) {
  const error = 'an absolute path, one that begins with ~/, or null';
  return z
    .string({ error })
    .regex(/^(?:\/|~\/)\P{Cc}*$/u, { error })
    .max(4096, { error })
    .nullable()
    .default(null)
    .transform((value) => value ?? undefined)
    .describe(description);
}

/** A list of paths. */
export function paths(description: string) {
  const error = 'a list of absolute paths or paths that begin with ~/';
  return z
    .array(z.string({ error }).regex(/^(?:\/|~\/)\P{Cc}*$/u, { error }), { error })
    .max(32, { error })
    .default([])
    .describe(description);
}

/** The name of a Kubernetes object or namespace. */
export function objectName(fallback: string, description: string) {
  const error = 'a Kubernetes name: lower-case letters, digits, dots and dashes, at most 253';
  return z
    .string({ error })
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/u, { error })
    .default(fallback)
    .describe(description);
}

/** A cron line of five fields, or nothing; the scheduler refuses what only looks like one. */
export function cronLine(description: string) {
  const error = 'a cron line of five fields such as "17 * * * *", or null';
  return z
    .string({ error })
    .regex(/^[\d*,/-]+(?: +[\dA-Za-z*,/-]+){4}$/u, { error })
    .nullable()
    .default(null)
    .transform((value) => value ?? undefined)
    .describe(description);
}
