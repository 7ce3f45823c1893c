import { isSecretName, redact } from './redact.ts';

const removed = '[removed]';
const name = String.raw`[\w-]{0,64}(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|credential)[\w-]{0,64}`;
const value = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'|(?:(?:basic|bearer|digest|negotiate)\s+)?[^\s"',;&}\]]+`;
// `password=…`, `"token": "…"`: the value up to its quote, or up to the next gap.
const assigned = new RegExp(String.raw`\b(${name}["']?\s*[:=]\s*)(${value})`, 'giu');
const option = new RegExp(String.raw`(--${name}\s+)(${value})`, 'giu');
const userinfo = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@:]+:[^\s/@]+@/giu;
// Tokens that are known by their beginning: ours, K3s, GitHub, GitLab, Slack, AWS.
const known =
  /\b(?:sc[tn]_[0-9a-f]{64}|hooks\.slack\.com\/[^\s"']+|K10[0-9a-f]{64}::[^\s"']+|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16})/gu;

/** Text that leaves the machine: without keys, tokens, and whatever follows a name that sounds like a secret. */
export function maskText(text: string): string {
  return redact(text)
    .replace(userinfo, `$1${removed}@`)
    .replace(known, removed)
    .replace(assigned, blanked)
    .replace(option, blanked);
}

function blanked(_all: string, before: string, secret: string): string {
  const quote = /^["']/u.exec(secret)?.[0] ?? '';
  return `${before}${quote}${removed}${quote}`;
}

/** A value that leaves the machine: fields with secret names and secrets in texts are gone. */
export function maskValue(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (Array.isArray(value)) return value.map(maskValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      maskText(field),
      isSecretName(field) && typeof inner !== 'boolean' && typeof inner !== 'number' && inner !== null
        ? removed
        : maskValue(inner),
    ]),
  );
}
