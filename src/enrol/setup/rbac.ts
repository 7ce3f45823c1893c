import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../../lib/errors.ts';
import { execProgram } from '../../lib/exec.ts';
import type { ObjectNames } from '../../registry/source.ts';
import { packageFolder } from '../receiver-file.ts';

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

/** Applies a manifest by the kubectl of this machine. */
export async function applyManifest(path: string, kubeconfig: string, signal: AbortSignal): Promise<void> {
  const args = ['--kubeconfig', kubeconfig, 'apply', '-f', path];
  const [file, words] = existsSync('/usr/local/bin/k3s')
    ? ['/usr/local/bin/k3s', ['kubectl', ...args]]
    : ['kubectl', args];
  const ran = await execProgram(file, words, { deadlineMs: 60_000, signal });
  if (ran.code === 0) return;
  throw new SyncError(
    'failure',
    `kubectl apply -f ${path}: expected exit 0, got ${String(ran.code)}: ${ran.stderr.toString('utf8').trim()}`,
    { remedy: `kubectl apply -f ${path}, as an administrator of the cluster` },
  );
}
