import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ensureReady } from './kube-api.ts';
import type { KubeParts, KubeSite } from './kube.ts';
import { freePort, startProcess, untilReady } from './process.ts';
import type { ServerProcess } from './process.ts';

interface Identity {
  readonly token: string;
  readonly tokenFile: string;
  readonly signingKey: string;
  readonly certDir: string;
}

// Made once per state directory: after a restart the kubeconfig and the tokens of before must go on working.
async function ensureIdentity(dir: string): Promise<Identity> {
  const at = (name: string): string => join(dir, name);
  const [tokenFile, signingKey] = [at('tokens.csv'), at('signing.key')];
  if (!existsSync(tokenFile)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await writeFile(signingKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
    const row = `${randomBytes(24).toString('hex')},admin,admin,"system:masters"\n`;
    await writeFile(tokenFile, row, { mode: 0o600 });
  }
  const [token = ''] = (await readFile(tokenFile, 'utf8')).split(',');
  return { token, tokenFile, signingKey, certDir: at('certs') };
}

async function startEtcd(folder: string, dir: string): Promise<{ server: ServerProcess; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const args = [
    ...['--data-dir', join(dir, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', url, '--advertise-client-urls', url],
    ...[
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
    ],
  ];
  const server = await startProcess({ program: join(folder, 'etcd'), args, logFile: join(dir, 'etcd.log') });
  await untilReady('etcd', server, async () => {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    return answer?.ok === true ? true : undefined;
  });
  return { server, url };
}

function apiFlags(site: KubeSite, etcdUrl: string, identity: Identity): readonly string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${site.port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.43.0.0/16',
    '--authorization-mode=RBAC',
    `--cert-dir=${identity.certDir}`,
    `--token-auth-file=${identity.tokenFile}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${identity.signingKey}`,
    `--service-account-signing-key-file=${identity.signingKey}`,
    ...site.extraFlags,
  ];
}

async function writeKubeconfig(file: string, url: string, identity: Identity): Promise<void> {
  // The server signs its own certificate at its first start; the file carries the authority as well.
  const authority = await readFile(join(identity.certDir, 'apiserver.crt'));
  const name = 'sync-test';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      { name, cluster: { server: url, 'certificate-authority-data': authority.toString('base64') } },
    ],
    users: [{ name, user: { token: identity.token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
}

/** Starts the etcd and kube-apiserver binaries of an envtest folder. */
export async function startAssets(folder: string, site: KubeSite): Promise<KubeParts> {
  await mkdir(site.dir, { recursive: true });
  const identity = await ensureIdentity(site.dir);
  const etcd = await startEtcd(folder, site.dir);
  const server = await startProcess({
    program: join(folder, 'kube-apiserver'),
    args: apiFlags(site, etcd.url, identity),
    logFile: join(site.dir, 'server.log'),
  });
  const url = `https://127.0.0.1:${site.port}`;
  const kubeconfig = join(site.dir, 'kubeconfig');
  await untilReady('kube-apiserver', server, async () =>
    existsSync(join(identity.certDir, 'apiserver.crt')) ? true : undefined,
  );
  await writeKubeconfig(kubeconfig, url, identity);
  await untilReady('kube-apiserver', server, async () =>
    (await ensureReady(kubeconfig)) ? true : undefined,
  );
  return { processes: [etcd.server, server], kubeconfig, url, etcdUrl: etcd.url };
}
