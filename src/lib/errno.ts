const words: Readonly<Record<string, string>> = {
  ENOENT: 'nothing there',
  ENOTDIR: 'a file where a folder should be',
  EISDIR: 'a folder',
  EACCES: 'no right to read it',
  EPERM: 'no right to read it',
};

/** What the system says of a path, in words that go on from `got`: `nothing there (ENOENT)`; undefined for an error that is not the system's. */
export function errnoWords(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/u.test(code)) return undefined;
  const said = words[code];
  return said === undefined ? code : `${said} (${code})`;
}
