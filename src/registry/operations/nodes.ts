import type { HostKeyPin, NodeType } from '../../model/node.ts';
import { setNodeExtras, setNodeRow, type Fields } from '../json-edit.ts';
import { setAt } from '../json-text.ts';
import { fieldOf, isRow } from '../quarantine.ts';
import { rowsOf } from './rows.ts';
import type { Step } from './step.ts';

const where = 'sync-controller-registry/registry.json';

/** What a person gives when registering a node; what is undefined stays as it is. */
export interface NodeFields {
  readonly type: NodeType;
  readonly address: string;
  readonly name: string | undefined;
  readonly sshUser: string | undefined;
  readonly sshPort: number | undefined;
  /** Written for the predecessor's tools; nothing of ours reads it. */
  readonly webhookPort: number | undefined;
  readonly publicDomain: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** It fetches its configuration itself. */
  readonly pull?: true;
}

export interface Stamp {
  readonly now: string;
  /** `user@host`, as the predecessor wrote it. */
  readonly by: string;
}

/** Writes the row of one node. A known one keeps its place, its status and every field that is not given. */
export function registerNodeSteps(node: NodeFields, stamp: Stamp): readonly Step[] {
  return [
    rowsStep((text) => {
      const isNew = !hasRow(text, node);
      const fields: Fields = isNew
        ? firstFields(node, stamp)
        : { name: node.name, ssh_user: node.sshUser, webhook_port: node.webhookPort };
      const extras: Fields = {
        ssh_port: node.sshPort,
        public_domain: node.publicDomain,
        labels: node.labels,
        pull: node.pull,
      };
      const row = setNodeRow(
        text,
        { type: node.type, address: node.address, fields },
        { at: stamp.now, by: stamp.by },
      );
      const given = Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined));
      return touched(Object.keys(given).length === 0 ? row : setNodeExtras(row, node, given), stamp);
    }),
  ];
}

/** Writes the pinned host keys of several nodes in one go. */
export function pinSteps(
  pins: readonly {
    readonly type: NodeType;
    readonly address: string;
    readonly keys: readonly HostKeyPin[];
  }[],
  stamp: Stamp,
): readonly Step[] {
  return [
    rowsStep((text) => {
      const known = pins.filter((node) => hasRow(text, node));
      if (text === undefined || known.length === 0) return undefined;
      return touched(
        known.reduce(
          (result, { type, address, keys }) =>
            setNodeExtras(result, { type, address }, { host_keys: keys.map((pin) => ({ ...pin })) }),
          text,
        ),
        stamp,
      );
    }),
  ];
}

function rowsStep(edit: Step['edit']): Step {
  return { object: 'sync-controller-registry', key: 'registry.json', edit };
}

function firstFields(node: NodeFields, { now }: Stamp): Fields {
  return {
    ip: node.address,
    name: node.name,
    ssh_user: node.sshUser ?? 'root',
    webhook_port: node.webhookPort ?? 8080,
    repo_path: '',
    registered: now,
    last_sync: null,
    // Nobody has looked at it yet; the predecessor wrote `active` here.
    status: 'pending_sync',
  };
}

function hasRow(text: string | undefined, { type, address }: { type: NodeType; address: string }): boolean {
  const list = fieldOf(rowsOf(text, where), type);
  return Array.isArray(list) && list.some((row: unknown) => isRow(row) && fieldOf(row, 'ip') === address);
}

function touched(text: string, { now, by }: Stamp): string {
  const dated = setAt(text, ['metadata', 'last_updated'], { value: now, where });
  return setAt(dated, ['metadata', 'updated_by'], { value: by, where });
}
