import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Writes a self-signed certificate and its key into a folder. */
export function certificateIn(folder: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const where = ['-subj', '/CN=sync-controller', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...curve, '-days', '2', ...where], { stdio: 'ignore' });
  return { certificate, key };
}
