import { readFileSync, statSync } from 'node:fs';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Certified } from './listen.ts';

/** Where a certificate and its key are, and what mends them. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** The section of the settings, as errors name it. */
  readonly section: string;
  /** As it follows `expected readable files …`. */
  readonly remedy: string;
}

/** The pair as it lies there now, with the stamp by which a renewed one is known. Throws `config` where it cannot be read. */
export function certificateIn(files: CertificateFiles): Certified & { readonly stamp: string } {
  const { certificate, key, section, remedy } = files;
  try {
    // The stamp first: what changes between the two is read again.
    const stamp = stampOf(files);
    return { stamp, cert: readFileSync(certificate), key: readFileSync(key) };
  } catch (error) {
    throw new SyncError(
      'config',
      `${section}: expected readable files of the certificate and its key, got ${messageOf(error)}`,
      { remedy },
    );
  }
}

/** Changes with the files. */
export function stampOf({ certificate, key }: CertificateFiles): string {
  const stamps = [certificate, key].map((file) => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? 'none' : [found.ino, found.mtimeMs, found.size].join(' ');
  });
  return stamps.join(', ');
}
