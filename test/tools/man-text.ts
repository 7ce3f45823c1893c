// What turns plain text into the language of manual pages.

/** One word or sentence of text: nothing in it can be read as a request or an escape. */
export function plain(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '\\&...')
    .replaceAll('’', "'");
  return escaped.replace(/^[.']/u, '\\&$&');
}

export const bold = (text: string): string => `\\fB${plain(text)}\\fR`;
const italic = (text: string): string => `\\fI${plain(text)}\\fR`;

/** Text in which what stands between backticks is a word to be typed. */
export function prose(text: string): string {
  const parts = text.split('`').map((part, index) => (index % 2 === 1 ? bold(part) : plain(part)));
  return parts.join('').replace(/^(?=[.'])/u, '\\&');
}

/** `--port <port>` with the option bold and its value as a placeholder. */
export function flags(text: string): string {
  return text
    .split(/([<[][^>\]]*[>\]])/u)
    .map((part) => (/^[<[]/u.test(part) ? italic(part) : part.trim() === '' ? part : spaced(part)))
    .join('');
}

function spaced(text: string): string {
  const [, before = '', word = '', after = ''] = /^(\s*)(.*?)(\s*)$/u.exec(text) ?? [];
  return `${before}${bold(word)}${after}`;
}

/** An entry of a list: what is explained, and the explanation. */
export const item = (term: string, text: string): string => `.TP\n${term}\n${text}`;

/** Lines that stay as they are. */
export function example(lines: readonly string[]): string {
  return ['.EX', ...lines.map((line) => plain(line)), '.EE'].join('\n');
}
