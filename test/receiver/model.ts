import { hostsBlock, routesFile, sha } from './harness.ts';

/** The node as docs/protocol.md describes it, without files, processes or crashes. */

export interface Mark {
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly sha: string;
}

/** One line of a journal: what it says, whether its halves are equal, whether a newline ends it. */
interface Line {
  readonly word: 'fence' | 'installed';
  readonly mark: Mark;
  readonly from: string;
  readonly valid: boolean;
  readonly complete: boolean;
}

export interface ModelRequest {
  readonly mode: 'apply' | 'rollback';
  readonly cluster: string;
  readonly kind: string;
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly base: string | undefined;
  readonly document: string;
  readonly takeOver: boolean;
}

/** What a receipt must say. */
export interface Expected {
  readonly result: string;
  readonly first: boolean;
  readonly fence: Mark | null;
  readonly installed: (Mark & { readonly restored_from: string | null }) | null;
  readonly owner: { readonly cluster: string; readonly kind: string } | null;
  readonly before: string;
  readonly after: string;
}

/** Path and shape of every kind the model knows. `hosts-twin` claims the path of `hosts`. */
export const kinds: Readonly<Record<string, { readonly path: string; readonly shape: 'block' | 'file' }>> = {
  hosts: { path: '/etc/hosts', shape: 'block' },
  'hosts-twin': { path: '/etc/hosts', shape: 'block' },
  'traefik-routes': { path: '/srv/traefik/routes.yml', shape: 'file' },
};

interface Step {
  readonly name: string;
  readonly effect?: () => void;
}

const block = /^# BEGIN sync-controller ([a-z0-9-]+)\n[^]*?^# END sync-controller \1(?:\n|$(?![^]))/mu;

/** A node: journals, owners and files. `apply` answers and changes it; `crashAt` ends the work at a named step. */
export class ModelNode {
  readonly files = new Map<string, string>();
  private readonly journals = new Map<string, Line[]>();
  private readonly owners = new Map<string, { cluster: string; kind: string }>();

  copy(): ModelNode {
    const twin = new ModelNode();
    for (const [path, bytes] of this.files) twin.files.set(path, bytes);
    for (const [key, lines] of this.journals) twin.journals.set(key, [...lines]);
    for (const [path, owner] of this.owners) twin.owners.set(path, owner);
    return twin;
  }

  /** Answers a request; undefined when it was killed at `crashAt` before it could. */
  apply(request: ModelRequest, crashAt?: string): Expected | undefined {
    const before = this.managed(request.kind);
    const first = this.fence(request) === undefined;
    const refused = this.refusal(request);
    const reached: readonly Step[] = ['document', 'staged', 'locked'].map((name) => ({ name }));
    const { steps, result } = refused === undefined ? this.work(request) : { steps: [], result: refused };
    for (const step of [...reached, ...steps]) {
      step.effect?.();
      if (step.name === crashAt) return undefined;
    }
    return {
      result,
      first: first && refused !== 'DAMAGED' && refused !== 'OWNED',
      ...this.records(request),
      before,
      after: this.managed(request.kind),
    };
  }

  /** What a dead-man timer does that nobody has ended: the fallback comes back, under the position that armed it. */
  expire(request: Omit<ModelRequest, 'mode'>, fallback: string): void {
    const path = pathOf(request.kind);
    const from = this.managed(request.kind);
    const bytes = compose(kinds[request.kind]?.shape ?? 'file', this.files.get(path), fallback);
    this.files.delete(path);
    if (bytes !== undefined) this.files.set(path, bytes);
    const mark = { ...markOf(request), sha: sha(fallback) };
    this.append(request, { word: 'installed', mark, from });
  }

  /** What `check` must say. */
  check(cluster: string, kind: string): Expected {
    const request = { cluster, kind };
    const managed = this.managed(kind);
    return {
      result: this.damaged(request) ? 'DAMAGED' : 'CHECKED',
      first: this.fence(request) === undefined,
      ...this.records(request),
      before: managed,
      after: managed,
    };
  }

  /** The digest of the managed bytes of a kind. */
  managed(kind: string): string {
    const bytes = this.managedBytes(kind);
    return bytes === undefined ? 'absent' : sha(Buffer.from(bytes, 'latin1'));
  }

  /** A last line that lost its end, as after a power cut. Losing only the newline leaves the record readable. */
  tear(cluster: string, kind: string, lost: number): boolean {
    const lines = this.journals.get(`${cluster}/${kind}`);
    const last = lines?.at(-1);
    if (lines === undefined || last === undefined || !last.complete || !last.valid) return false;
    lines[lines.length - 1] = { ...last, complete: false, valid: lost === 1 };
    return true;
  }

  /** A last line with a flipped bit. */
  flip(cluster: string, kind: string): boolean {
    const lines = this.journals.get(`${cluster}/${kind}`);
    const last = lines?.at(-1);
    if (lines === undefined || last?.valid !== true) return false;
    lines[lines.length - 1] = { ...last, valid: false };
    return true;
  }

  fence(of: { readonly cluster: string; readonly kind: string }): Mark | undefined {
    return this.lines(of).findLast((line) => line.valid && line.word === 'fence')?.mark;
  }

  private installed(of: { readonly cluster: string; readonly kind: string }): Line | undefined {
    return this.lines(of).findLast((line) => line.valid && line.word === 'installed');
  }

  private lines(of: { readonly cluster: string; readonly kind: string }): readonly Line[] {
    return this.journals.get(`${of.cluster}/${of.kind}`) ?? [];
  }

  private damaged(of: { readonly cluster: string; readonly kind: string }): boolean {
    const lines = this.lines(of);
    const lost = this.installed(of) !== undefined && this.fence(of) === undefined;
    return lost || (lines.some((line) => line.complete) && !lines.some((line) => line.valid));
  }

  private records(of: {
    readonly cluster: string;
    readonly kind: string;
  }): Pick<Expected, 'fence' | 'installed' | 'owner'> {
    const installed = this.installed(of);
    return {
      fence: this.fence(of) ?? null,
      installed:
        installed === undefined
          ? null
          : { ...installed.mark, restored_from: installed.from === '-' ? null : installed.from },
      owner: this.owners.get(pathOf(of.kind)) ?? null,
    };
  }

  private refusal(request: ModelRequest): string | undefined {
    if (this.damaged(request)) return 'DAMAGED';
    const owner = this.owners.get(pathOf(request.kind));
    if (
      owner !== undefined &&
      (owner.cluster !== request.cluster || owner.kind !== request.kind) &&
      !request.takeOver
    )
      return 'OWNED';
    const fenced = judge(this.fence(request), markOf(request));
    if (fenced !== undefined) return fenced;
    const now = this.managed(request.kind);
    const there = now === sha(request.document) || (request.document === '' && now === 'absent');
    if (request.base !== undefined && request.base !== now && !there) return 'MOVED';
    return request.document.includes('{{') ? 'INVALID' : undefined;
  }

  /** The steps of an accepted request, in the order of the protocol. */
  private work(request: ModelRequest): { readonly steps: readonly Step[]; readonly result: string } {
    const path = pathOf(request.kind);
    const old = this.files.get(path);
    const bytes = compose(kinds[request.kind]?.shape ?? 'file', old, request.document);
    const from = request.mode === 'rollback' ? this.restoredFrom(request) : '-';
    const mark = markOf(request);
    const owner = this.owners.get(path);
    const own: readonly Step[] =
      owner?.cluster === request.cluster && owner.kind === request.kind
        ? []
        : [
            { name: 'claiming' },
            {
              name: 'claimed',
              effect: () => void this.owners.set(path, { cluster: request.cluster, kind: request.kind }),
            },
          ];
    const same = JSON.stringify(this.fence(request)) === JSON.stringify(mark);
    const fence: readonly Step[] = same
      ? own
      : [
          ...own,
          {
            name: 'fenced',
            effect: () => {
              this.append(request, { word: 'fence', mark, from: '-' });
            },
          },
        ];
    const record: Step = {
      name: 'recorded',
      effect: () => {
        this.append(request, { word: 'installed', mark, from });
      },
    };
    const rollback = request.mode === 'rollback' ? 'RESTORED' : undefined;
    if (bytes === old)
      return {
        steps: [{ name: 'judged' }, ...fence, record, { name: 'proven' }],
        result: rollback ?? 'UNCHANGED',
      };
    const put = (): void => {
      if (bytes === undefined) this.files.delete(path);
      else this.files.set(path, bytes);
    };
    const removal = bytes === undefined;
    return {
      steps: [
        { name: 'judged' },
        ...(removal ? [] : [{ name: 'assembled' }]),
        ...fence,
        { name: 'durable' },
        { name: 'replacing' },
        { name: 'renamed', effect: put },
        record,
        { name: 'proven' },
      ],
      result: rollback ?? 'INSTALLED',
    };
  }

  private restoredFrom(request: ModelRequest): string {
    const now = this.managed(request.kind);
    const there = now === sha(request.document) || (request.document === '' && now === 'absent');
    if (!there) return now;
    const installed = this.installed(request);
    if (installed !== undefined && installed.mark.sha !== sha(request.document)) return installed.mark.sha;
    return installed !== undefined && installed.from !== '-' ? installed.from : now;
  }

  private append(
    of: { readonly cluster: string; readonly kind: string },
    line: Pick<Line, 'word' | 'mark' | 'from'>,
  ): void {
    const key = `${of.cluster}/${of.kind}`;
    const lines = this.journals.get(key) ?? [];
    const worthless = !lines.some((each) => each.valid || each.complete);
    const kept = worthless ? [] : lines.map((each) => ({ ...each, complete: true }));
    this.journals.set(key, [...kept, { ...line, valid: true, complete: true }]);
  }

  private managedBytes(kind: string): string | undefined {
    const bytes = this.files.get(pathOf(kind));
    return kinds[kind]?.shape === 'block' ? block.exec(bytes ?? '')?.[0] : bytes;
  }
}

function pathOf(kind: string): string {
  return kinds[kind]?.path ?? kind;
}

function markOf(request: Omit<ModelRequest, 'mode'>): Mark {
  return { epoch: request.epoch, writer: request.writer, seq: request.seq, sha: sha(request.document) };
}

/** The table of the fence. */
function judge(fence: Mark | undefined, mark: Mark): string | undefined {
  if (fence === undefined || mark.epoch > fence.epoch) return undefined;
  if (mark.epoch < fence.epoch) return 'FENCED';
  if (mark.writer !== fence.writer) return 'RIVAL';
  if (mark.seq !== fence.seq) return mark.seq < fence.seq ? 'STALE' : undefined;
  return mark.sha === fence.sha ? undefined : 'CONFLICT';
}

/** The whole file with the document in its place; undefined for no file. */
export function compose(
  shape: 'block' | 'file',
  old: string | undefined,
  document: string,
): string | undefined {
  if (shape === 'file') return document === '' ? undefined : document;
  if (old === undefined) return document === '' ? undefined : document;
  const found = block.exec(old);
  if (found !== null) return old.slice(0, found.index) + document + old.slice(found.index + found[0].length);
  const cut = old.lastIndexOf('\n') + 1;
  return old.slice(0, cut) + document + old.slice(cut);
}

/** Documents that the random sequences draw from; the last one is refused by the validation. */
export function documents(cluster: string, kind: string): readonly string[] {
  if (kind === 'traefik-routes') {
    return [routesFile(['demo']), routesFile(['demo', 'chat']), routesFile([]), '', '# {{ env "HOME" }}\n'];
  }
  return [
    hostsBlock(['10.0.0.1\ta.mini.local'], cluster),
    hostsBlock(['# two', '10.0.0.1\ta.mini.local', 'fd7a::1\tb.mini.local c.mini.local'], cluster),
    hostsBlock([], cluster),
    '',
    hostsBlock(['# {{ .Env }}'], cluster),
  ];
}
