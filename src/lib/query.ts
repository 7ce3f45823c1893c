/** A path with its query: what is undefined or null is left out. */
export function withQuery(path: string, given: object = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given) as [
    string,
    string | number | boolean | null | undefined,
  ][])
    if (value !== undefined && value !== null) query.append(name, String(value));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
