import { styleText } from 'node:util';
import { hasColour, hasUnicode } from '../../lib/terminal.ts';
import type { CliContext, TextSink } from '../context.ts';

/** The four marks of the console; colour only repeats what the mark already says. */
const marks = {
  info: { word: '[INFO]', ascii: '[INFO]', colour: 'blue' },
  success: { word: '[✓]', ascii: '[OK]', colour: 'green' },
  warn: { word: '[⚠]', ascii: '[!]', colour: 'yellow' },
  error: { word: '[✗]', ascii: '[x]', colour: 'red' },
} as const;
export type Mark = keyof typeof marks;

/** What one stream can show. */
export interface Look {
  readonly colour: boolean;
  readonly unicode: boolean;
}

/** What a stream can show: NO_COLOR, `--no-color` and a pipe take the colours away, a plain locale the signs. */
export function lookOf(sink: TextSink, env: CliContext['env'], noColor: boolean): Look {
  return { colour: !noColor && hasColour(sink, env), unicode: hasUnicode(env) };
}

/** One marked line, without its end. */
export function marked(mark: Mark, text: string, look: Look): string {
  const { word, ascii, colour } = marks[mark];
  const shown = look.unicode ? word : ascii;
  return `${look.colour ? styleText(colour, shown, { validateStream: false }) : shown} ${text}`;
}
