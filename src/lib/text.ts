/** Makes text of unknown origin safe for a terminal and a log: control characters, escapes and bidi overrides become `�`. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- removing control characters is the purpose
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    '\ufffd',
  );
}

/** The first `limit` bytes of one printable line, for evidence in a status. */
export function evidenceOf(text: string, limit = 200): string {
  const line = printable(text).replace(/\s+/gu, ' ').trim();
  const bytes = Buffer.from(line);
  return bytes.length <= limit
    ? line
    : `${bytes
        .subarray(0, limit - 3)
        .toString('utf8')
        .replace(/\ufffd+$/u, '')}…`;
}
