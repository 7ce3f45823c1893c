/** What stands where a secret would. */
export const sealedMark = 'age:…(sealed)';

// A process that has opened a secret must not show it anywhere, so there is one memory of them for all who print.
const known = new Set<string>();
let pattern: RegExp | undefined;

const mostKnown = 20_000;
// A short secret is part of many innocent words: it counts only where it stands alone.
const shortest = 6;
// A sealed value tells nothing, and cut into it could never be opened again.
const envelope = 'age:[A-Za-z0-9+/]{16,}={0,2}';

/** True once this process has opened a secret. */
export function knowsSecrets(): boolean {
  return known.size > 0;
}

/** From now on no text shows this one. */
export function learnSecret(text: string): void {
  if (text === '' || known.has(text)) return;
  for (const form of [text, JSON.stringify(text).slice(1, -1)]) known.add(form);
  for (const oldest of known) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  pattern = undefined;
}

/** Text without any secret that this process has opened. */
export function veil(text: string): string {
  if (known.size === 0 || text === '') return text;
  pattern ??= patternOf(known);
  return withoutCutOnes(
    text.replace(pattern, (found, sealed: string | undefined) => sealed ?? (found === '' ? '' : sealedMark)),
  );
}

/** A value without any secret in its texts. Names of fields and whole words of a vocabulary stay: they are ours. */
export function veilValue<T>(value: T, words?: ReadonlySet<string>): T {
  return known.size === 0 ? value : (veiledPart(value, words) as T);
}

function veiledPart(value: unknown, words: ReadonlySet<string> | undefined): unknown {
  if (typeof value === 'string') return words?.has(value) === true ? value : veil(value);
  if (Array.isArray(value)) return value.map((item) => veiledPart(item, words));
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      /^\w+$/u.test(name) ? name : veil(name),
      veiledPart(item, words),
    ]),
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The longest first: of two secrets one may begin with the other. */
function patternOf(secrets: Iterable<string>): RegExp {
  const forms = [...secrets]
    .sort((a, b) => b.length - a.length)
    .map((text) => {
      const literal = text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
      return text.length >= shortest ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`;
    });
  return new RegExp(`(${envelope})|${forms.join('|')}`, 'giu');
}

const leastCut = 6;

/** What others cut off before we saw it may end within a secret. */
function withoutCutOnes(text: string): string {
  if (!text.includes('…')) return text;
  return text.replace(/[^\s"']{6,}…/gu, (word) => {
    const head = word.slice(0, -1);
    for (const secret of known) {
      for (let length = Math.min(secret.length, head.length); length >= leastCut; length -= 1)
        if (head.endsWith(secret.slice(0, length))) return `${head.slice(0, -length)}${sealedMark}`;
    }
    return word;
  });
}
