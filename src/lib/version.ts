declare const __VERSION__: string | undefined;

/** The product's version; `0.0.0-source` when it runs unbundled. */
export const version: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-source';

/** True when version `a` is lower than `b`, compared number by number. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let part = 0; part < 3; part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
