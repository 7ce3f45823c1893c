import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { awaitsIn } from './awaits.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Where the push path runs: an edit is read, planned, pushed, proved, remembered and told by code of these places. */
export const inside = [
  'src/compose.ts',
  'src/compose/',
  'src/daemon.ts',
  'src/enrol/install',
  'src/lib/',
  'src/push/',
  'src/reconcile/',
  'src/registry/',
  'src/status/',
  'src/store/',
  'src/transport/',
] as const;

/** Code of these places that no controller of the simulator runs, and why. */
export const outside: Readonly<Record<string, string>> = {
  'src/compose/backup/': 'a command of its own, run beside no push',
  'src/compose/doctor.ts': 'a command that looks and writes nothing',
  'src/compose/enrol.ts': 'enrolment: an exchange of an admin with one node, before it is ever pushed to',
  'src/compose/cluster-id.ts': 'a question of enrolment',
  'src/compose/notifications.ts': 'tells people, where somebody is to be told; no push waits for it',
  'src/compose/announcements.ts': 'writes beside the registries what became of them; no push waits for it',
  'src/compose/traces/': 'tells a collector, where one is named; no push waits for it',
  'src/compose/notices.ts': 'a test message, which a person asks for',
  'src/compose/admission-certificate.ts': 'a file that a command makes',
  'src/registry/kubernetes-announcer.ts': 'the same as announcements, which are off',
  'src/reconcile/token-desk.ts': 'tokens of the API, which is off',
  'src/reconcile/node-token-desk.ts': 'tokens of nodes that fetch, of which there are none',
  'src/store/node-tokens.ts': 'the same',
  'src/reconcile/receive-nodes.ts': 'the same',
  'src/reconcile/silence.ts': 'the same',
  'src/compose/observing.ts': 'an observer, which writes nowhere',
  'src/compose/surveyor.ts': 'the same',
  'src/reconcile/observer.ts': 'the same',
  'src/compose/takeover.ts': 'enrolment: a cluster taken over by a command',
  'src/compose/several.ts': 'several sources: here is one',
  'src/registry/several/': 'the same',
  'src/registry/sealed/': 'sealed values, of which there are none',
  'src/reconcile/legacy-watch.ts': 'a freeze, as any other, of a node that older tools fight over',
  'src/store/tokens.ts': 'tokens of the API, which is off',
  'src/compose/restriction.ts': 'enrolment: the restricted key of one node',
  'src/compose/mend.ts': 'the command `restore`',
  'src/lib/archive.ts': 'the archive of a support bundle',
  'src/lib/exec.ts': 'starts programs, which nothing on the push path may do (the simulator refuses it)',
  'src/lib/log.ts': 'the log of a real process; the simulator hears log lines itself',
  'src/lib/links.ts': 'reads the links of a real machine',
  'src/lib/tailnet-status.ts': 'asks a program of a real machine',
  'src/lib/notify.ts': 'speaks to systemd, which there is none of under virtual time',
  'src/reconcile/blame.ts': 'a question about the past, which writes nothing',
  'src/reconcile/past.ts': 'the same',
  'src/reconcile/past-state.ts': 'the same',
  'src/reconcile/line-owners.ts': 'the same',
  'src/reconcile/edited-by.ts': 'the same',
  'src/reconcile/revision-words.ts': 'the same',
  'src/reconcile/history-reader.ts': 'the same',
  'src/reconcile/insight.ts': 'the same',
  'src/reconcile/why/': 'the same',
  'src/reconcile/registry-desk.ts':
    'an edit that a person asks the API for, which is off; the edit itself is that of any source',
  'src/reconcile/edit-ground.ts': 'the same',
  'src/reconcile/rollback-edits.ts': 'the same',
  'src/registry/directory-': 'the directory source: faults/kills kills a real process over real folders',
  'src/registry/own-files.ts': 'the same',
  'src/registry/term-store-directory.ts': 'the same',
  'src/registry/kubernetes-pool.ts': 'replaced: the virtual API server',
  'src/registry/kubernetes-login.ts': 'replaced: the virtual API server',
  'src/store/thread.ts': 'replaced: the store answers in the same thread',
  'src/store/worker.ts': 'replaced: the store answers in the same thread',
  'src/transport/': 'replaced below the port `Transport`: virtual sessions; faults/kills has the real ones',
};

/** Awaits on the path that the script does not come to: why, then what their lines say, by file. */
const idle: readonly (readonly [why: string, file: string, ...lines: string[]])[] = [
  ['a command that only plans or removes by itself', 'src/compose.ts', 'built.release()', 'await begin();'],
  ['a history in no file of its own', 'src/compose/history.ts', 'DatabaseSync', 'lastPushes'],
  ['another adapter', 'src/compose/way.ts', 'import('],
  ['there is no systemd', 'src/daemon.ts', 'watchdog'],
  ['enrolment', 'src/enrol/install.ts', 'sendInstall'],
  ['a file of the directory source, or of a command', 'src/lib/abort.ts', 'Promise.race'],
  ['the same', 'src/lib/files.ts', 'await stat(path)'],
  [
    'a lock that is refused: the process ends by itself',
    'src/lib/os-lock.ts',
    'refusal',
    'noteOf',
    'lockHolder',
  ],
  [
    'a question to a node, which writes nothing',
    'src/push/bundle-push.ts',
    "['content']",
    'const receipt = await this.context.slot',
  ],
  ['the same', 'src/push/push-node.ts', 'attempt.content()'],
  [
    'a question about the past',
    'src/reconcile/controller.ts',
    'decisions.audits',
    'this.asked()',
    'insight.ts',
  ],
  ['several sources: here is one', 'src/compose/controller.ts', 'of members.slice(1)'],
  ['the token of a node that fetches', 'src/reconcile/removal.ts', 'this.letGo('],
  ['a removal that the guard would hold', 'src/reconcile/lifecycle-desk.ts', 'const hash of own'],
  ['the database says no', 'src/reconcile/engine.ts', 'planAgainMs'],
  ['a reconciliation without a watch', 'src/reconcile/engine.ts', 'if (read) await'],
  ['a node that was an orphan before it was removed', 'src/reconcile/fleet.ts', 'orphaned.delete'],
  ['approvals that a saved plan carries', 'src/reconcile/pushing.ts', 'approvals'],
  ['the same', 'src/reconcile/pushing.ts', 'decisions.approve'],
  ['a push after a way back that failed', 'src/reconcile/push-rollout.ts', 'takeBack', 'left.map', 'isTold'],
  ['an older receiver', 'src/reconcile/reconciler.ts', 'await mend()'],
  ['two flights to one host at the same moment', 'src/reconcile/slots.ts', 'this.line.push'],
  ['a tombstone that outlives its pass', 'src/reconcile/removal.ts', 'drop(stone.node)', "claim === 'gone'"],
  ['a cron line', 'src/reconcile/resync.ts', "once(signal, 'abort')", 'task.destroy'],
  ['two records above ours at once', 'src/reconcile/standing.ts', 'reterming'],
  ['a freeze that begins later', 'src/reconcile/steering.ts', 'planFreeze'],
  ['the same', 'src/store/decisions.ts', 'this.writeCopy()', 'addWindow', "'freeze'"],
  ['questions', 'src/store/decisions.ts', "'audits'"],
  ['the API server is slower than its deadline', 'src/registry/kubernetes-http.ts', '#attempt'],
  ['a question of a command', 'src/registry/kubernetes-objects.ts', '/api/v1/services'],
  ['somebody else writes our own objects', 'src/registry/kubernetes-own.ts', 'objects.patch'],
  ['the same', 'src/registry/term-store-kubernetes.ts', 'own.read', 'random.unit()'],
  ['a watch that dies in silence', 'src/registry/kubernetes-poll.ts', 'graceMs'],
  ['the same', 'src/registry/kubernetes-reflector.ts', '#failures'],
  ['a source that ends, or a plan that fails', 'src/registry/registry.ts', 'clock.sleep'],
  ['the end of a store that was never opened', 'src/store/client.ts', 'thread.leave'],
  ['the database is damaged or full', 'src/store/drift.ts', 'drift.takeCopy', 'copy.read'],
  ['the same', 'src/store/durable.ts', 'this.stop(', 'client.close'],
  ['the same', 'src/store/history/recorder.ts', 'retryMs', 'trim'],
  ['the same', 'src/store/history/store.ts', 'renew', 'client?.close', 'this.begin()'],
  ['a tombstone of another state', 'src/store/tombstones.ts', 'settleTombstone'],
  ['a node that is forgotten', 'src/store/drift.ts', 'dropDrift', 'this.writeCopy()'],
  ['the same', 'src/store/node-memory.ts', 'await this.writing;', 'forgetTargets'],
];

/** True where a point is known not to be reached. */
export function isIdle(point: string): boolean {
  const [file = '', line] = point.split(':');
  const text = readFileSync(join(root, file), 'utf8').split('\n')[Number(line) - 1] ?? '';
  return idle.some(([, of, ...lines]) => of === file && lines.some((part) => text.includes(part)));
}

/** True where the awaits of a file are crash points. */
export function isInside(path: string): boolean {
  return (
    inside.some((place) => path.startsWith(place)) &&
    !Object.keys(outside).some((place) => path.startsWith(place))
  );
}

/** Every await of the push path as the sources have it: `file:line:column`. */
export function allPoints(): readonly string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name}`)
    .filter((path) => path.endsWith('.ts') && isInside(path))
    .sort()
    .flatMap((path) =>
      awaitsIn(path, readFileSync(join(root, path), 'utf8')).map(({ line, column }) =>
        [path, line, column].join(':'),
      ),
    );
}
