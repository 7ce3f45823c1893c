// The ways by which something can leave the daemon, as a client of each sees them.
import { createServer, request, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { routes, type RouteName } from '../../src/contract/routes.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A place that is told of something, and keeps it. */
export async function listener(): Promise<{ readonly url: string; readonly heard: string[]; close(): void }> {
  const heard: string[] = [];
  const server = createServer((told, answer) => {
    void told.toArray().then((chunks) => {
      heard.push(`${told.url ?? ''}\n${Buffer.concat(chunks as Buffer[]).toString('latin1')}`);
      answer.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { url, heard, close: () => void server.close() };
}

/** A body of the form that a route takes: with somebody's name where it asks for one. */
export function bodyFor(name: RouteName, value: object): object {
  const schema = routes[name].body;
  const named = { ...value, actor: { who: 'ada', reason: 'looking' } };
  return schema.safeParse(named).success ? named : value;
}

/** What the API server asks before it saves an edit of the service registry. */
export function reviewOf(namespace: string, text: string): object {
  const object = (data: string) => ({
    metadata: { name: 'service-registry', namespace, uid: 'u', resourceVersion: '1' },
    data: { 'services.json': data },
  });
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      operation: 'UPDATE',
      ...{
        name: 'service-registry',
        namespace,
        resource: { group: '', version: 'v1', resource: 'configmaps' },
      },
      object: object(text),
      oldObject: object('{}'),
    },
  };
}

/** Where a plain address leads. */
export function urlParts(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Asks once; of what does not end, the first moments. */
export function ask(options: RequestOptions & { readonly secure?: boolean }, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = options.secure === true ? secureRequest : request;
    const sent = send(
      { ...options, ...(options.secure === true ? { rejectUnauthorized: false } : {}) },
      (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => (text += part.toString()));
        const done = (): void => {
          resolve({ status: answer.statusCode ?? 0, body: text });
        };
        for (const end of ['end', 'error', 'close']) answer.on(end, done);
        if (answer.headers['content-type']?.startsWith('text/event-stream') === true)
          setTimeout(() => answer.destroy(), 1_500);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Listens to a stream until it is ended. */
export function follow(options: RequestOptions): { readonly text: () => string; end(): void } {
  let text = '';
  const sent = request(options, (answer) => {
    answer.on('data', (part: Buffer) => (text += part.toString()));
    answer.on('error', () => undefined);
  });
  sent.on('error', () => undefined);
  sent.end();
  return { text: () => text, end: () => void sent.destroy() };
}
