import { veil } from './veil.ts';

const removed = '[private key removed]';

// A key that was cut off has no end line: everything after its first line goes with it.
const pem = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/gu;
// The body of an OpenSSH key without its frame still begins with the same 15 bytes.
const opensshBody = /b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\s]*/gu;
const ageKey = /AGE-SECRET-KEY-1[0-9A-Z]+/gu;
const bearer = /\b(Bearer\s+)[A-Za-z0-9._~+/-]{8,}=*/gu;
const jwt = /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/gu;

/** Text without private keys, tokens and opened secrets, whoever put them there. */
export function redact(text: string): string {
  return veil(text)
    .replace(pem, removed)
    .replace(opensshBody, removed)
    .replace(ageKey, removed)
    .replace(bearer, '$1[removed]')
    .replace(jwt, '[token removed]');
}

const secretName = /pass(?:word|phrase)|secret|token|private_?key|authorization/iu;

/** True where a field of this name is never shown. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}
