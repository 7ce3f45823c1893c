/** A span as kubectl writes it: `8s`, `5m12s`, `3h4m`, `2d5h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${String(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined([minutes, 'm'], [seconds % 60, 's']);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined([hours, 'h'], [minutes % 60, 'm']);
  return joined([Math.floor(hours / 24), 'd'], [hours % 24, 'h']);
}

/** How long ago an ISO time was; `-` where there is none or it cannot be read. */
export function age(iso: string | null | undefined, nowMs: number): string {
  if (iso === null || iso === undefined) return '-';
  const then = Date.parse(iso);
  return Number.isNaN(then) ? '-' : span(nowMs - then);
}

function joined(big: readonly [number, string], small: readonly [number, string]): string {
  return small[0] === 0
    ? `${String(big[0])}${big[1]}`
    : `${String(big[0])}${big[1]}${String(small[0])}${small[1]}`;
}
