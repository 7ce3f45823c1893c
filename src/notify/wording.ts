import { causes, remedyFor, type CauseClass } from '../model/cause.ts';
import { splitNodeId, type Node, type NodeId } from '../model/node.ts';
import { isoSeconds } from '../lib/clock.ts';
import { evidenceOf } from '../lib/text.ts';
import type { Alert, Message } from './alert.ts';
import type { News } from './incident.ts';
import { conditionOf, offlineTopic, type SubjectId } from './trouble.ts';

/** What a message says of a node. */
export type NamedNode = Pick<Node, 'name' | 'address' | 'sshUser' | 'type' | 'sshPort'>;

/** What words are made of besides the incident. */
export interface Words {
  readonly nodeOf: (id: NodeId) => NamedNode | undefined;
  readonly cluster: string;
  /** Nodes that one message names. */
  readonly names: number;
  /** Wall clock. */
  readonly nowMs: number;
}

const absent = 'the node cannot be reached';

/** News as the alert that every target sends in its own form. */
export function alertOf({ status, incident }: News, words: Words): Alert {
  const { first, topic } = incident;
  const ids = [...(status === 'firing' ? incident.members : incident.seen)].filter(isNode);
  const count = ids.length === 0 ? 0 : status === 'firing' ? ids.length : incident.peak;
  const nodes = ids.slice(0, words.names).map((id) => nameOf(id, words));
  const { trouble } = first;
  const meaning = topic === offlineTopic && count > 1 ? absent : trouble.meaning;
  const cause = topic === offlineTopic ? offlineTopic : trouble.cause;
  const said = `${subjectText(first.id, { count, name: nodes[0] })}${meaning} (${cause})`;
  const lasted = durationText(words.nowMs - incident.sinceMs);
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'Alert',
    incident: incident.id,
    status,
    cause,
    summary: evidenceOf(status === 'firing' ? said : `over after ${lasted}: ${said}`, 400),
    nodes,
    count,
    evidence: evidenceOf(trouble.evidence),
    remedy: status === 'firing' ? evidenceOf(remedyOf(first, count, words), 400) : '',
    since: isoSeconds(incident.sinceMs),
    at: isoSeconds(words.nowMs),
    cluster: evidenceOf(words.cluster, 100),
  };
}

/** The one message that `test` sends. */
export function testAlert({ cluster, nowMs }: Pick<Words, 'cluster' | 'nowMs'>): Alert {
  const now = isoSeconds(nowMs);
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'Alert',
    incident: `test-${String(nowMs)}`,
    status: 'test',
    cause: 'test',
    summary: 'a test message: this target is told of incidents',
    nodes: [],
    count: 0,
    evidence: '',
    remedy: '',
    since: now,
    at: now,
    cluster: evidenceOf(cluster, 100),
  };
}

/** One line that says which cluster and what: a subject, a title. */
export function titleOf({ cluster, status, summary }: Alert): string {
  const word = { firing: 'ALERT', resolved: 'OK', test: 'TEST' }[status];
  return evidenceOf(`[${cluster}] ${word}: ${summary}`);
}

/** The lines of a message as label and text; which of them is a command is said, because targets show it their own way. */
export function linesOf({ alert, lost }: Message): readonly { label: string; text: string; code?: true }[] {
  const more = alert.count - alert.nodes.length;
  const names = alert.nodes.join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
  return [
    ...(alert.nodes.length > 1 ? [{ label: 'nodes', text: names }] : []),
    ...(alert.status === 'firing' && alert.evidence !== '' ? [{ label: 'seen', text: alert.evidence }] : []),
    ...(alert.remedy === '' ? [] : [{ label: 'do', text: alert.remedy, code: true as const }]),
    ...(alert.status === 'test' ? [] : [{ label: 'since', text: alert.since }]),
    ...(lost === 0
      ? []
      : [{ label: 'note', text: `${String(lost)} earlier messages could not be delivered here` }]),
  ];
}

/** The same as plain text. */
export function plainText(message: Message): string {
  const lines = linesOf(message).map(({ label, text }) => `${label}: ${text}`);
  return [message.alert.summary, ...lines].join('\n');
}

function isNode(id: SubjectId): id is NodeId {
  return conditionOf(id) === undefined;
}

function nameOf(id: NodeId, { nodeOf }: Words): string {
  return evidenceOf(nodeOf(id)?.name ?? splitNodeId(id).address, 80);
}

function subjectText(id: SubjectId, { count, name }: { count: number; name: string | undefined }): string {
  if (!isNode(id)) return '';
  return count === 1 ? `${name ?? id}: ` : `${String(count)} nodes: `;
}

function remedyOf({ id, trouble }: News['incident']['first'], count: number, { nodeOf }: Words): string {
  if (trouble.remedy !== undefined) return trouble.remedy;
  const node = isNode(id) && count === 1 ? nodeOf(id) : undefined;
  if (node === undefined) return 'syncctl health';
  return isCause(trouble.cause) ? remedyFor(trouble.cause, node) : `syncctl doctor ${node.name}`;
}

function isCause(name: string): name is CauseClass {
  return Object.hasOwn(causes, name);
}

function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${String(minutes)} min` : `${String(Math.round(minutes / 60))} h`;
}
