const hours = [
  ['1', 'one hour'],
  ['4', 'four hours'],
  ['24', 'a day'],
  ['168', 'a week'],
] as const;

/** How long a freeze may be. */
export const holdChoices = { label: 'For', options: hours };

/** The end of a freeze that begins now. */
export function untilOf(choice: string): string {
  const ms = (Number(choice) || 1) * 3_600_000;
  return new Date(new Date().getTime() + ms).toISOString().replace(/\.\d+Z$/u, 'Z');
}
