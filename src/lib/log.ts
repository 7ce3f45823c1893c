import { Writable } from 'node:stream';
import winston from 'winston';
import type { Clock } from './clock.ts';
import { formatLine, type LineFormat, type Look } from './log-format.ts';
import {
  logLevels,
  loggerOver,
  type LogEntry,
  type LogFields,
  type Logger,
  type LogLevel,
} from './logger.ts';
import { hasColour, hasUnicode, leadsToJournal, type Screen } from './terminal.ts';

export type { Logger } from './logger.ts';

/** Where and how to log. Commands log to stderr, because stdout is data; the daemon logs to stdout. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | LineFormat;
  readonly stream: Writable & Screen;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

/** A logger that lives: it can be made louder, and waits at its end until every line is out. */
export interface RootLog {
  readonly logger: Logger;
  /** Changes the level while running, as SIGHUP does. */
  setLevel(level: LogLevel): void;
  /** Resolves once every line has left the process; call it before the process ends. */
  end(): Promise<void>;
}

const lineKey = Symbol.for('message');

/** Opens the log over winston. A reader that goes away (EPIPE) silences it and never ends the process. */
export function openLog(options: LogOptions): RootLog {
  const { stream, env, clock } = options;
  const format =
    options.format === 'auto' ? (leadsToJournal(stream, env) ? 'journal' : 'pretty') : options.format;
  const look = { colour: hasColour(stream, env), unicode: hasUnicode(env) };
  let gone = false;
  const onStreamError = (): void => {
    gone = true;
  };
  stream.on('error', onStreamError);
  const sink = sinkOf(stream, () => gone);
  const root = winston.createLogger({
    level: options.level,
    levels: Object.fromEntries(logLevels.map((level, rank) => [level, rank])),
    format: lineFormat(format, () => ({ ...look, stacks: root.level === 'debug' || root.level === 'trace' })),
    transports: [streamTransport(sink)],
  });
  let ended = false;
  const write = (level: LogLevel, message: string, fields: LogFields): void => {
    // A late line after the end would be an error event of winston's stream.
    if (!gone && !ended) root.log({ level, message, fields, at: clock.now() });
  };
  return {
    logger: loggerOver(write),
    setLevel: (level) => {
      root.level = level;
    },
    end: async () => {
      if (ended) return;
      ended = true;
      await drained(root, sink);
    },
  };
}

/** Our one formatter as a winston format; winston's own would glue an error's message to ours and show the error as `{}`. */
function lineFormat(format: LineFormat, look: () => Look): winston.Logform.Format {
  return winston.format((info) => {
    const entry = info as unknown as LogEntry;
    return { ...info, [lineKey]: formatLine(entry, format, look()) };
  })();
}

/** winston's types call its transports by another base class than its options. */
function streamTransport(stream: Writable): winston.transport {
  const transport: unknown = new winston.transports.Stream({ stream, eol: '\n' });
  return transport as winston.transport;
}

/** The stream as winston sees it: closing it leaves ours open, and nothing is written once its reader has gone. */
function sinkOf(stream: Writable, gone: () => boolean): Writable {
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      if (gone() || stream.destroyed) done();
      else stream.write(line, () => done());
    },
  });
}

/** Waits for winston, then for the sink, whose writes call back only when the stream has taken them. */
async function drained(root: winston.Logger, sink: Writable): Promise<void> {
  const finished = new Promise<void>((resolve) => root.once('finish', resolve));
  root.end();
  await finished;
  await new Promise<void>((resolve) => sink.end(() => resolve()));
}
