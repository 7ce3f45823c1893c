import { join } from 'node:path';
import type { Settings } from './settings.ts';

/** Certificate and key of the admission webhook: those that the settings name, else ours. */
export function admissionFiles({ admission, daemon }: Pick<Settings, 'admission' | 'daemon'>): {
  readonly certificate: string;
  readonly key: string;
  /** True where they are ours to make. */
  readonly own: boolean;
} {
  const { certificate, key } = admission;
  if (certificate !== undefined && key !== undefined) return { certificate, key, own: false };
  const at = (name: string): string => join(daemon.stateDirectory, name);
  return { certificate: at('admission.crt'), key: at('admission.key'), own: true };
}
