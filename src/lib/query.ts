/** A path with its query: what is undefined is left out. */
export function withQuery(path: string, given: object = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given) as [string, unknown][])
    if (value !== undefined && value !== null) query.append(name, String(value));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
