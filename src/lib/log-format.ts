import type { LogEntry, LogLevel } from './logger.ts';
import { isSecretName, redact } from './redact.ts';
import { printable } from './text.ts';

/** What a terminal can show, and whether errors bring their stacks. */
export interface Look {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly stacks: boolean;
}

export type LineFormat = 'pretty' | 'json' | 'journal';

interface Sign {
  readonly tag: string;
  readonly ascii: string;
  readonly colour: string;
  /** Priority of syslog, which the journal reads from the start of a line. */
  readonly priority: number;
}

const signs: Readonly<Record<LogLevel, Sign>> = {
  error: { tag: '[✗]', ascii: '[x]', colour: '31', priority: 3 },
  warn: { tag: '[⚠]', ascii: '[!]', colour: '33', priority: 4 },
  success: { tag: '[✓]', ascii: '[OK]', colour: '32', priority: 5 },
  info: { tag: '[INFO]', ascii: '[INFO]', colour: '34', priority: 6 },
  debug: { tag: '[DEBUG]', ascii: '[DEBUG]', colour: '90', priority: 7 },
  trace: { tag: '[TRACE]', ascii: '[TRACE]', colour: '90', priority: 7 },
};

/** One entry as one line without its end. Nothing in a message or field can start a second line or reach the terminal as an escape. */
export function formatLine(entry: LogEntry, format: LineFormat, look: Look): string {
  switch (format) {
    case 'json':
      return jsonLine(entry, look);
    case 'journal':
      return `<${String(signs[entry.level].priority)}>${signs[entry.level].tag} ${sentence(entry, look)}`;
    case 'pretty':
      return `${tagOf(entry.level, look)} ${localTime(entry.at)} ${sentence(entry, look)}`;
  }
}

/** A field cannot take the place of the line's own members, whatever it is called. */
function jsonLine(entry: LogEntry, look: Look): string {
  const own = { time: new Date(entry.at).toISOString(), level: entry.level, message: clean(entry.message) };
  return JSON.stringify(Object.assign({ ...own }, plainFields(entry.fields, look), own));
}

function tagOf(level: LogLevel, look: Look): string {
  const sign = signs[level];
  const tag = look.unicode ? sign.tag : sign.ascii;
  return look.colour ? `\u001b[${sign.colour}m${tag}\u001b[0m` : tag;
}

/** `2026-11-21 07:49:24` in the time of the place, as the predecessor printed it. */
function localTime(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function sentence(entry: LogEntry, look: Look): string {
  const fields = Object.entries(entry.fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${clean(name)}=${wordOf(name, value, look)}`);
  return clean(entry.message) + fields.join('');
}

function wordOf(name: string, value: unknown, look: Look): string {
  if (isSecretName(name)) return '[removed]';
  const plain = value instanceof Error ? clean(chainOf(value, look)) : plainFields(value, look);
  if (typeof plain === 'string' && /^[^\s"=]+$/u.test(plain)) return plain;
  return plain === undefined ? 'undefined' : JSON.stringify(plain);
}

/** An error for people: its message, those of its causes and what mends it, or the whole stack where stacks are wanted. */
function chainOf(error: Error, look: Look): string {
  if (look.stacks) return error.stack ?? error.message;
  const { message, cause, remedy } = error as Error & { readonly remedy?: unknown };
  const told = cause instanceof Error && !message.includes(cause.message) ? `: ${chainOf(cause, look)}` : '';
  return message + told + (typeof remedy === 'string' && !message.includes(remedy) ? `; ${remedy}` : '');
}

/** One printable line without secrets. */
function clean(text: string): string {
  return printable(redact(text)).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}

// A field is evidence, not an archive.
const depthLimit = 6;
const itemLimit = 100;

function plainFields(value: unknown, look: Look, depth = 0): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined)
    return value;
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (depth >= depthLimit) return '[deeper]';
  const next = (item: unknown): unknown => plainFields(item, look, depth + 1);
  if (value instanceof Error) return next(plainError(value, look));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
  if (value instanceof Uint8Array) return `[${String(value.length)} bytes]`;
  if (value instanceof Map)
    return next(Object.fromEntries([...value].map(([key, item]) => [String(key), item as unknown])));
  if (value instanceof Set) return next([...(value as Set<unknown>)]);
  if (Array.isArray(value)) return value.slice(0, itemLimit).map(next);
  const entries = Object.entries(value).slice(0, itemLimit);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, isSecretName(name) ? '[removed]' : next(item)]),
  );
}

/** What an error says of itself, with code, exit and remedy where it has them, and its causes. */
function plainError(error: Error, look: Look): Record<string, unknown> {
  const { name, message, cause } = error;
  const extra = error as { code?: unknown; exit?: unknown; remedy?: unknown };
  return {
    name,
    message,
    ...(extra.code === undefined ? {} : { code: extra.code }),
    ...(extra.exit === undefined ? {} : { exit: extra.exit }),
    ...(extra.remedy === undefined ? {} : { remedy: extra.remedy }),
    ...(cause === undefined ? {} : { cause }),
    ...(look.stacks ? { stack: error.stack } : {}),
  };
}
