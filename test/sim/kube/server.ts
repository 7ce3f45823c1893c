/** A ConfigMap as the server stores it. */
export interface Stored {
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Request {
  readonly method: string;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly metadataOnly: boolean;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
  readonly version: number;
}

type Data = Readonly<Record<string, string>>;

/** One write as an observer is told of it. */
export interface Write {
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
  /** The name of the controller that wrote, or `person`. */
  readonly by: string;
}

/** The ConfigMaps of one namespace and every version they ever had, with the API's own rules of concurrency. */
export class KubeServer {
  readonly objects = new Map<string, Stored>();
  /** All versions of an object, oldest first, for readers that are served an old one. */
  readonly past = new Map<string, Stored[]>();
  readonly events: WatchEvent[] = [];
  /** Watches may not begin before this version: what came earlier is compacted away. */
  compacted = 0;
  onWrite: (write: Write) => void = () => undefined;
  onEvent: (event: WatchEvent) => void = () => undefined;
  private version = 1000;
  private uids = 0;
  private bumps = 0;

  /** The version of the whole store. */
  get head(): number {
    return this.version;
  }

  /** Answers one request of a controller. */
  handle(request: Request, by: string): Reply {
    const { method, name } = request;
    if (name === undefined) return method === 'POST' ? this.create(request, by) : this.list(request);
    const present = this.objects.get(name);
    if (method === 'GET')
      return present === undefined
        ? failure(404, `configmaps "${name}" not found`)
        : { status: 200, body: shown(present, request.metadataOnly) };
    if (present === undefined) return failure(404, `configmaps "${name}" not found`);
    return this.write(present, request, by);
  }

  /** A write from beside the API's clients: a person, or another program. */
  put(name: string, data: Data, by: string, annotations?: Data): Stored {
    const present = this.objects.get(name);
    return this.store(name, { data, annotations: annotations ?? present?.annotations ?? {} }, by);
  }

  /** Somebody else was faster: the object has a higher version, and where it is JSON, a field that is theirs reads otherwise. */
  bump(name: string): void {
    const present = this.objects.get(name);
    if (present === undefined) return;
    this.bumps += 1;
    const touched = `"touched": ${String(this.bumps)}`;
    const data = Object.fromEntries(
      Object.entries(present.data).map(([key, text]) => [key, text.replace(/"touched": \d+/u, touched)]),
    );
    this.store(name, { ...present, data }, 'somebody');
  }

  remove(name: string, by: string): void {
    const before = this.objects.get(name);
    if (before === undefined) return;
    this.objects.delete(name);
    this.tell({ type: 'DELETED', object: before, version: this.next() });
    this.onWrite({ before, after: undefined, by });
  }

  private create({ body }: Request, by: string): Reply {
    const { metadata, data } = body as { metadata: { name: string }; data?: Data };
    if (this.objects.has(metadata.name)) return failure(409, `configmaps "${metadata.name}" already exists`);
    return { status: 201, body: shown(this.store(metadata.name, { data: data ?? {}, annotations: {} }, by)) };
  }

  private list({ query }: Request): Reply {
    const name = /^metadata\.name=(.*)$/u.exec(query.get('fieldSelector') ?? '')?.[1];
    const found = [...this.objects.values()].filter((object) => name === undefined || object.name === name);
    return {
      status: 200,
      body: {
        kind: 'ConfigMapList',
        metadata: { resourceVersion: String(this.version) },
        items: found.map((object) => shown(object)),
      },
    };
  }

  private write(present: Stored, { method, body }: Request, by: string): Reply {
    const { metadata, data } = body as {
      metadata?: { resourceVersion?: string };
      data?: Readonly<Record<string, string | null>>;
    };
    const wanted = metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== String(present.version))
      return failure(409, 'the object has been modified; please apply your changes to the latest version');
    const next = method === 'PUT' ? strings(data ?? {}) : merged(present.data, data ?? {});
    return { status: 200, body: shown(this.store(present.name, { ...present, data: next }, by)) };
  }

  private store(name: string, content: Pick<Stored, 'data' | 'annotations'>, by: string): Stored {
    const before = this.objects.get(name);
    const object: Stored = {
      name,
      uid: before?.uid ?? `uid-${name}-${String((this.uids += 1))}`,
      version: this.next(),
      data: content.data,
      annotations: content.annotations,
    };
    this.objects.set(name, object);
    // Versions of one object: one that is made anew has no past.
    this.past.set(name, [...(before === undefined ? [] : (this.past.get(name) ?? [])), object]);
    this.tell({ type: before === undefined ? 'ADDED' : 'MODIFIED', object, version: object.version });
    this.onWrite({ before, after: object, by });
    return object;
  }

  private next(): number {
    this.version += 1;
    return this.version;
  }

  private tell(event: WatchEvent): void {
    this.events.push(event);
    this.onEvent(event);
  }
}

/** An object as the API prints it. */
export function shown(object: Stored, metadataOnly = false): unknown {
  const metadata = {
    name: object.name,
    uid: object.uid,
    resourceVersion: String(object.version),
    annotations: object.annotations,
  };
  return metadataOnly
    ? { kind: 'PartialObjectMetadata', metadata }
    : { kind: 'ConfigMap', metadata, data: object.data };
}

/** A refusal as the API prints it. */
export function failure(status: number, message: string): Reply {
  return { status, body: { kind: 'Status', status: 'Failure', message, code: status } };
}

function merged(before: Data, patch: Readonly<Record<string, string | null>>): Data {
  return strings({ ...before, ...patch });
}

function strings(data: Readonly<Record<string, string | null>>): Data {
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
