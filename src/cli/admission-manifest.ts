import { isIP } from 'node:net';
import type { Settings } from '../config/settings.ts';

/** What it is called where the API server keeps it; one of several sources has its own. */
const name = 'sync-controller';

export interface ManifestFill {
  readonly source: Pick<Settings['source'], 'namespace' | 'names'>;
  /** Where the API server asks. */
  readonly host: string;
  readonly port: number;
  /** The certificate in PEM. */
  readonly authority: string;
  /** Which of several sources the API server is that of: it asks at a place of its own. */
  readonly share?: string | undefined;
}

/**
 * The object that makes the API server ask before it saves an edit of a registry. Nothing waits for an answer for more than two seconds,
 * and where there is none the edit goes through.
 */
export function admissionManifest({ source, host, port, authority, share }: ManifestFill): object {
  const names = Object.values(source.names);
  const at = isIP(host) === 6 ? `[${host}]` : host;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name: share === undefined ? name : `${name}-${share}`,
      labels: { 'app.kubernetes.io/managed-by': 'sync-controller' },
    },
    webhooks: [
      {
        name: 'registries.sync-controller.internal',
        admissionReviewVersions: ['v1'],
        clientConfig: {
          url: `https://${at}:${String(port)}/admission${share === undefined ? '' : `/${share}`}`,
          caBundle: Buffer.from(authority).toString('base64'),
        },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['configmaps'],
            scope: 'Namespaced',
          },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': source.namespace } },
        matchConditions: [
          {
            name: 'registries',
            expression: `request.name in [${names.map((one) => `'${one}'`).join(', ')}]`,
          },
        ],
        failurePolicy: 'Ignore',
        matchPolicy: 'Equivalent',
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: 2,
      },
    ],
  };
}
