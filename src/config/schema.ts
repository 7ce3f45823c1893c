import * as z from 'zod';
import { api, metrics } from './api-schema.ts';
import { history } from './history-schema.ts';
import { cronLine, millis, number, objectName, oneOf, optionalPath, optionalText, whole } from './leaf.ts';
import { notify } from './notify-schema.ts';
import { pull } from './pull-schema.ts';
import { sources } from './sources-schema.ts';
import { secrets } from './secrets-schema.ts';
import { rollout } from './rollout-schema.ts';
import { ssh } from './ssh-schema.ts';
import { observeOnly } from './takeover-schema.ts';
import { traces } from './traces-schema.ts';
import { admission, announce, webhook } from './trigger-schema.ts';

const error = 'a mapping of settings';

const names = z.strictObject(
  {
    'service-registry': objectName('service-registry', 'Holds `services.json`.'),
    'sync-controller-registry': objectName('sync-controller-registry', 'Holds `registry.json`, the nodes.'),
    'domain-registry': objectName('domain-registry', 'Holds `domains.json` and `routing.json`.'),
    'cluster-info': objectName('cluster-info', 'Holds the name and the domains of the cluster.'),
  },
  { error },
);

const source = z.strictObject(
  {
    kind: oneOf(['kubernetes', 'directory'], 'kubernetes', 'Where the registries live.'),
    directory: optionalPath('Folder of ConfigMap manifests; needed where `kind` is `directory`.'),
    kubeconfig: optionalPath(
      'Kubeconfig file; else `$KUBECONFIG`, `~/.kube/config`, the one of K3s, or the service account of the pod.',
    ),
    context: optionalText('Context of the kubeconfig; else its current one.'),
    namespace: objectName('kube-system', 'Namespace of the registries and of our own objects.'),
    names: names.prefault({}),
    ownPrefix: objectName(
      'sync-controller',
      'First part of the names of the status objects: `<prefix>-status-<n>`.',
    ),
  },
  { error },
);

const watch = z.strictObject(
  {
    pollMs: millis(10_000, 'Poll of the resource versions: the guarantee behind the watch stream.'),
    quietMs: millis(50, 'A burst of changes is over after this much quiet.'),
    capMs: millis(500, 'A burst that does not end is acted on after this long.'),
    inactivityMs: millis(90_000, 'A watch stream without a sign of life for this long is replaced.'),
    requestMs: millis(10_000, 'Deadline of one request to the API server.'),
    staleAcceptMs: millis(
      60_000,
      'An older resource version (etcd restored) is accepted once it is stable for this long.',
    ),
  },
  { error },
);

const reconcile = z.strictObject(
  {
    periodHours: number(
      1,
      { min: 0.0001, max: 168 },
      'Every node is checked and repaired once in this many hours.',
    ),
    cron: cronLine('Cron line in UTC instead of the period: `17 * * * *`.'),
    jitterPercent: whole(5, { min: 0, max: 50 }, 'The moment is spread by this part of the period.'),
  },
  { error },
);

const retry = z.strictObject(
  {
    attempts: whole(3, { min: 1, max: 20 }, 'Attempts in one pass over a node.'),
    delayMs: millis(5_000, 'Wait before the second attempt.'),
    factor: number(2, { min: 1, max: 10 }, 'Each further wait is this much longer.'),
    maxDelayMs: millis(900_000, 'No wait between passes is longer.'),
  },
  { error },
);

const push = z.strictObject(
  {
    parallel: whole(32, { min: 1, max: 1024 }, 'Nodes pushed at the same time.'),
    deadlineMs: millis(30_000, 'One exchange with one node, from dial to receipt.'),
    termAskMs: millis(2_000, 'Asking the nodes for their epochs at the start of a term.'),
    loadMs: millis(15_000, 'A consumer that has not loaded the new bytes by then is `not_loaded`.'),
    confirmSeconds: whole(
      0,
      { min: 0, max: 3_600 },
      'A node takes a change back by itself unless it is confirmed over a new connection within this time; 0: it stays.',
    ),
  },
  { error },
);

const presence = z.strictObject(
  {
    probeMs: millis(2_000, 'An offline node is looked for this often.'),
    rampAfterMs: millis(3_600_000, 'A node away for this long is looked for at the slow pace.'),
    slowProbeMs: millis(10_000, 'The slow pace.'),
    dialMs: millis(1_500, 'A probe that has no answer by then has failed.'),
    maxPerSecond: whole(50, { min: 1, max: 10_000 }, 'Probes per second over all nodes.'),
    tailscale: oneOf(
      ['auto', 'off'],
      'auto',
      'Whether the `tailscale` of this machine, where there is one, is asked for offline nodes: one that is online again is looked for at once.',
    ),
  },
  { error },
);

const status = z.strictObject(
  {
    writeBack: z
      .union([z.literal('auto'), z.boolean()], { error: 'auto, true or false' })
      .default('auto')
      .describe(
        'Write the four status fields into the rows of the nodes; `auto` means yes on Kubernetes, no on a directory.',
      ),
    flushMs: millis(30_000, 'At most one status write per object in this time.'),
    shardNodes: whole(400, { min: 1, max: 1_000 }, 'Nodes per status object.'),
  },
  { error },
);

const log = z.strictObject(
  {
    level: oneOf(
      ['error', 'warn', 'success', 'info', 'debug', 'trace'],
      'info',
      'The least important level that is shown.',
    ),
    format: oneOf(
      ['auto', 'pretty', 'json', 'journal'],
      'auto',
      '`auto`: journal under systemd, else pretty.',
    ),
  },
  { error },
);

const guard = z.strictObject(
  {
    percent: whole(
      50,
      { min: 1, max: 100 },
      'Removals are held when one change drops more than this part of a kind …',
    ),
    minimum: whole(5, { min: 1, max: 100_000 }, '… and at least this many names.'),
  },
  { error },
);

const daemon = z.strictObject(
  {
    stopMs: millis(10_000, 'A graceful stop ends by then.'),
    stateDirectory: optionalPath(
      'Durable state; else `$STATE_DIRECTORY`, `/var/lib/sync-controller` as root, `$XDG_STATE_HOME/sync-controller`.',
    ),
    runtimeDirectory: optionalPath(
      'Socket of the daemon; else `$RUNTIME_DIRECTORY`, `/run/sync-controller` as root, `$XDG_RUNTIME_DIR/sync-controller`.',
    ),
  },
  { error },
);

/** The whole settings file: strict, every key optional, `{}` is the defaults. */
export const settingsSchema = z.strictObject(
  {
    observeOnly,
    source: source.prefault({}),
    sources,
    watch: watch.prefault({}),
    reconcile: reconcile.prefault({}),
    retry: retry.prefault({}),
    push: push.prefault({}),
    ssh: ssh.prefault({}),
    presence: presence.prefault({}),
    status: status.prefault({}),
    log: log.prefault({}),
    guard: guard.prefault({}),
    rollout: rollout.prefault({}),
    drift: oneOf(
      ['correct', 'observe'],
      'correct',
      'What the hourly look does with managed bytes that somebody else changed; `syncctl drift` says otherwise for one node.',
    ),
    history: history.prefault({}),
    api: api.prefault({}),
    metrics: metrics.prefault({}),
    pull: pull.prefault({}),
    notify: notify.prefault({}),
    webhook: webhook.prefault({}),
    admission: admission.prefault({}),
    announce: announce.prefault({}),
    traces: traces.prefault({}),
    secrets: secrets.prefault({}),
    daemon: daemon.prefault({}),
  },
  { error },
);

/** The settings as written, checked, before the paths that depend on the machine are filled in. */
export type WrittenSettings = z.output<typeof settingsSchema>;
