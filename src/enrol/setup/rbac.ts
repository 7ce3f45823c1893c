import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../../lib/errors.ts';
import { execProgram } from '../../lib/exec.ts';
import { evidenceOf } from '../../lib/text.ts';
import type { ObjectNames } from '../../registry/source.ts';
import { packageFolder } from '../receiver-file.ts';

const k3s = '/usr/local/bin/k3s';
const refusal = /\bis forbidden\b|\bmust be logged in\b/u;

/** The manifest of the least rights, with the names that the settings use. */
export async function rbacText(source: {
  readonly namespace: string;
  readonly names: ObjectNames;
  readonly ownPrefix: string;
}): Promise<string> {
  const text = await readFile(join(packageFolder(), 'deploy', 'rbac.yaml'), 'utf8');
  return text
    .replaceAll(/namespace: kube-system/gu, `namespace: ${source.namespace}`)
    .split('\n')
    .map((line) => renamed(line, source))
    .join('\n');
}

/** Only the items of `resourceNames`: the account keeps its name. */
function renamed(
  line: string,
  { names, ownPrefix }: { readonly names: ObjectNames; readonly ownPrefix: string },
): string {
  const [, indent = '', name = ''] = /^(\s{6,}- )([a-z0-9-]+)$/u.exec(line) ?? [];
  if (name === '') return line;
  const given = Object.entries(names).find(([usual]) => usual === name)?.[1];
  return `${indent}${given ?? name.replace(/^sync-controller(?=-status-)/u, ownPrefix)}`;
}

/** The kubectl of this machine: the one that K3s brings, or one on the path; undefined where there is none. */
export function findKubectl(env: NodeJS.ProcessEnv): readonly string[] | undefined {
  if (existsSync(k3s)) return [k3s, 'kubectl'];
  const folders = (env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const found = folders.map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path));
  return found === undefined ? undefined : [found];
}

/**
 * Applies a manifest by the kubectl of this machine; what is so already stays as it is.
 * @throws SyncError `permission` where the account of the kubeconfig may not grant rights, `failure` with kubectl's own words else.
 */
export async function applyManifest(
  path: string,
  { kubectl, kubeconfig }: { readonly kubectl: readonly string[]; readonly kubeconfig: string },
  signal: AbortSignal,
): Promise<void> {
  const [file = '', ...first] = kubectl;
  const words = [...first, '--kubeconfig', kubeconfig, 'apply', '-f', path];
  const ran = await execProgram(file, words, { deadlineMs: 60_000, signal });
  if (ran.code === 0) return;
  const said = ran.stderr.toString('utf8').trim();
  // kubectl says over many lines what it was about; one of them says what is wrong.
  const lines = said.split('\n').map((each) => each.trim());
  const line = lines.find((each) => refusal.test(each)) ?? lines[0] ?? '';
  const remedy = `kubectl apply -f ${path}, with the kubeconfig of an administrator of the cluster`;
  if (/\(Forbidden\)|\(Unauthorized\)/u.test(said) || refusal.test(said))
    throw new SyncError(
      'permission',
      `kubectl apply -f ${path}: expected an account that may grant rights in ${kubeconfig}, got: ${evidenceOf(line)}`,
      { remedy },
    );
  throw new SyncError(
    'failure',
    `kubectl apply -f ${path}: expected exit 0, got ${String(ran.code)}: ${evidenceOf(line)}`,
    { remedy },
  );
}
