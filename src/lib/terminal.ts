import { fstatSync } from 'node:fs';

/** The little of a stream that decides how a line looks. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly fd?: number;
}

/** Whether colours may be used on this stream: NO_COLOR and a pipe say no, FORCE_COLOR says yes. */
export function hasColour(screen: Screen, env: NodeJS.ProcessEnv): boolean {
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR']) && env['FORCE_COLOR'] !== '0') return true;
  if (isSet(env['CLICOLOR_FORCE']) && env['CLICOLOR_FORCE'] !== '0') return true;
  return screen.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether the locale can show more than ASCII. */
export function hasUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(isSet);
  return locale !== undefined && /utf-?8/iu.test(locale);
}

/** Whether this stream leads straight into the journal: systemd names its device and inode in JOURNAL_STREAM. */
export function leadsToJournal(screen: Screen, env: NodeJS.ProcessEnv): boolean {
  const stream = env['JOURNAL_STREAM'];
  if (!isSet(stream) || screen.fd === undefined) return false;
  try {
    const { dev, ino } = fstatSync(screen.fd, { bigint: true });
    return stream === `${String(dev)}:${String(ino)}`;
  } catch {
    return false;
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
