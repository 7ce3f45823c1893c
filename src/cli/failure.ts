import { exitCodes, messageOf, SyncError } from '../lib/errors.ts';
import { redact } from '../lib/redact.ts';
import { leadsToJournal } from '../lib/terminal.ts';
import { printable } from '../lib/text.ts';
import type { CliContext } from './context.ts';
import { lookOf, marked } from './output/tags.ts';

/** Tells a person what went wrong, in one line on stderr; the stack only with `--debug`. @returns the exit code. */
export function tellFailure(
  error: unknown,
  context: CliContext,
  options: { debug: boolean; noColor: boolean },
): number {
  const { stderr, env } = context;
  // A daemon that cannot start is an error in the journal, too.
  const priority = leadsToJournal(stderr, env) ? '<3>' : '';
  const line = marked('error', oneSentence(error), lookOf(stderr, env, options.noColor));
  stderr.write(`${priority}${line}\n`);
  if (options.debug) stderr.write(`${printable(redact(stackOf(error)))}\n`);
  return exitOf(error);
}

/** The named exit code of anything thrown. */
export function exitOf(error: unknown): number {
  return error instanceof SyncError ? exitCodes[error.exit] : exitCodes.internal;
}

function oneSentence(error: unknown): string {
  const text =
    error instanceof SyncError
      ? withRemedy(error)
      : `unexpected failure: ${messageOf(error)}; run it again with --debug and report it`;
  return printable(redact(text)).replaceAll(/\s*\n\s*/gu, ' ');
}

/** A message that already ends with its remedy is not told it twice. */
function withRemedy(error: SyncError): string {
  const { message, remedy } = error;
  return remedy === undefined || message.includes(remedy) ? message : `${message}; ${remedy}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
