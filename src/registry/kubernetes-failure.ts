import { messageOf, SyncError, type ExitName } from '../lib/errors.ts';
import { evidenceOf } from '../lib/text.ts';

/** How a request to the API server can fail. */
export type FailureKind =
  | 'unauthorised'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'refused'
  | 'throttled'
  | 'server'
  | 'network'
  | 'answer';

const words: Record<FailureKind, { readonly exit: ExitName; readonly remedy: string }> = {
  unauthorised: {
    exit: 'permission',
    remedy: 'renew the login in the kubeconfig: kubectl get configmaps -n kube-system must work',
  },
  forbidden: {
    exit: 'permission',
    remedy: 'kubectl apply -f deploy/rbac.yaml gives the account the rights it needs',
  },
  'not-found': {
    exit: 'notFound',
    remedy: 'check the namespace and the names of the registries in the settings',
  },
  conflict: { exit: 'conflict', remedy: 'try again: somebody else changes the same object' },
  gone: { exit: 'unavailable', remedy: 'nothing to do: the watch starts anew' },
  refused: { exit: 'data', remedy: 'a ConfigMap holds at most 1 MiB; shrink the registry' },
  throttled: {
    exit: 'unavailable',
    remedy: 'nothing to do: the API server is busy and is asked again later',
  },
  server: { exit: 'unavailable', remedy: 'see the log of the API server: journalctl -u k3s' },
  network: {
    exit: 'unavailable',
    remedy: 'check that the API server runs and is reachable: kubectl get --raw /readyz',
  },
  answer: {
    exit: 'unavailable',
    remedy: 'check what stands between here and the API server: kubectl get --raw /readyz',
  },
};

/** A request that gave no usable answer. Never to be mistaken for an empty one. */
export class ApiFailure extends SyncError {
  readonly kind: FailureKind;
  /** For how long the server asked not to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(words[kind].exit, message, { remedy: words[kind].remedy, cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** True where a thrown value is such a failure, of one of the kinds. */
export function isFailure(error: unknown, ...kinds: readonly FailureKind[]): error is ApiFailure {
  return error instanceof ApiFailure && (kinds.length === 0 || kinds.includes(error.kind));
}

/** The failure that an HTTP status means. */
export function failureOfStatus(
  what: string,
  status: number,
  { retryAfterMs, body }: { retryAfterMs: number | undefined; body: string },
): ApiFailure {
  const message = `${what}: the API server answered ${status}${reasonIn(body)}`;
  return new ApiFailure(kindOfStatus(status), message, { retryAfterMs });
}

/** The failure behind anything that a socket or parser threw. */
export function failureOf(what: string, error: unknown): SyncError {
  return error instanceof SyncError
    ? error
    : new ApiFailure('network', `${what}: ${networkReason(error)}`, { cause: error });
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401) return 'unauthorised';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 410) return 'gone';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'server' : 'refused';
}

function reasonIn(body: string): string {
  try {
    const status: unknown = JSON.parse(body);
    if (typeof status === 'object' && status !== null && 'message' in status)
      return `: ${evidenceOf(String(status.message), 160)}`;
  } catch {
    // A proxy's page, perhaps.
  }
  return '';
}

function networkReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)';
  return messageOf(error) || code || 'the connection failed';
}
