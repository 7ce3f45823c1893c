/** From loud to quiet. `success` is the predecessor's `[✓]`. */
export const logLevels = ['error', 'warn', 'success', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Named values beside a constant message. An `error` field is serialised with its code, remedy and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The port every part logs through: constant text plus fields. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>> & {
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Logger;
};

/** One line before it has a form. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

/** Builds the port over one function that takes entries. */
export function loggerOver(
  write: (level: LogLevel, message: string, fields: LogFields) => void,
  bound: LogFields = {},
): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      write(level, message, { ...bound, ...fields });
  return {
    error: at('error'),
    warn: at('warn'),
    success: at('success'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    child: (fields) => loggerOver(write, { ...bound, ...fields }),
  };
}

/** Says nothing. */
export const silentLogger: Logger = loggerOver(() => undefined);
