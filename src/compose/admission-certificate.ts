import { X509Certificate } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { messageOf, SyncError } from '../lib/errors.ts';
import { execProgram } from '../lib/exec.ts';
import { exists, hasCode, writeAtomic } from '../lib/files.ts';

const days = 3_650;
const subject = '/CN=sync-controller admission';

export interface CertificateWish {
  readonly certificate: string;
  readonly key: string;
  /** The address or name by which the API server asks. */
  readonly host: string;
  /** False where the files are an admin's own, which are never made or replaced. */
  readonly own: boolean;
  readonly signal: AbortSignal;
}

/**
 * The certificate for reviews, made where there is none: one that signs itself, whose key never leaves its file and which the manifest alone
 * makes trusted.
 * @throws SyncError `config` where the one that is there is not for this host, or over; `permission` where the folder is somebody else's.
 */
export async function admissionCertificate(
  wish: CertificateWish,
  nowMs: number,
): Promise<{ readonly pem: string; readonly made: boolean }> {
  try {
    return await found(wish, nowMs);
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
    const message = `${wish.certificate}: expected to be ours to read or make, got ${messageOf(error)}`;
    throw new SyncError('permission', message, { remedy: 'sudo syncctl admission manifest', cause: error });
  }
}

async function found(
  wish: CertificateWish,
  nowMs: number,
): Promise<{ readonly pem: string; readonly made: boolean }> {
  const { certificate, own } = wish;
  if (await exists(certificate)) return { pem: checked(wish, nowMs), made: false };
  if (!own)
    throw new SyncError('config', `admission.certificate: expected a file, got none at ${certificate}`, {
      remedy: 'put it there, or leave admission.certificate and admission.key out to have one made',
    });
  await make(wish);
  return { pem: checked(wish, nowMs), made: true };
}

function checked({ certificate, key, host, own }: CertificateWish, nowMs: number): string {
  const pem = readFileSync(certificate, 'utf8');
  const remedy = own ? `rm ${certificate} ${key}, then: syncctl admission manifest` : 'replace it';
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(pem);
  } catch {
    throw new SyncError('config', `${certificate}: expected a certificate in PEM, got something else`, {
      remedy,
    });
  }
  const isFor = isIP(host) === 0 ? parsed.checkHost(host) : parsed.checkIP(host);
  if (isFor === undefined)
    throw new SyncError(
      'config',
      `${certificate}: expected a certificate for ${host}, got one for ${parsed.subjectAltName ?? 'no name'}`,
      { remedy },
    );
  if (parsed.validToDate.getTime() < nowMs)
    throw new SyncError(
      'config',
      `${certificate}: expected a certificate that is valid, got one until ${parsed.validTo}`,
      { remedy },
    );
  return pem;
}

async function make({ certificate, key, host, signal }: CertificateWish): Promise<void> {
  mkdirSync(dirname(certificate), { recursive: true, mode: 0o700 });
  // Inside the closed folder, so that the key is never seen half made.
  const folder = mkdtempSync(join(dirname(certificate), '.admission-'));
  const [keyFile, certificateFile] = [join(folder, 'key'), join(folder, 'crt')];
  const words = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'],
    ...['-days', String(days), '-subj', subject, '-keyout', keyFile, '-out', certificateFile],
    ...['-addext', `subjectAltName=${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`],
    ...['-addext', 'extendedKeyUsage=serverAuth'],
  ];
  try {
    const ran = await execProgram('openssl', words, { deadlineMs: 30_000, signal }).catch(
      (error: unknown) => {
        throw new SyncError(
          'unavailable',
          'openssl: expected the program, which makes the certificate, got none',
          {
            remedy: 'sudo apt install openssl, or name admission.certificate and admission.key',
            cause: error,
          },
        );
      },
    );
    if (ran.code !== 0)
      throw new SyncError(
        'unavailable',
        `openssl: expected a certificate for ${host}, got ${ran.stderr.toString('utf8').trim().split('\n').at(-1) ?? 'nothing'}`,
      );
    writeAtomic(key, readFileSync(keyFile), { mode: 0o600 });
    writeAtomic(certificate, readFileSync(certificateFile), { mode: 0o644 });
    giveToDaemon([key, certificate]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command runs as root as a rule, the daemon perhaps as the owner of the folder. */
function giveToDaemon(files: readonly string[]): void {
  if (process.geteuid?.() !== 0) return;
  for (const file of files) {
    const { uid, gid } = statSync(dirname(file));
    chownSync(file, uid, gid);
  }
}
