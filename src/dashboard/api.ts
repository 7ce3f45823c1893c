import { withQuery } from '../lib/query.ts';
import type { StreamLine } from '../contract/routes.ts';
import type { NodeReport } from '../contract/report.ts';
import type { SessionReport } from '../contract/session.ts';

/** A refusal of the API, or its silence. */
export class ApiProblem extends Error {
  /** 0 where nothing answered. */
  readonly status: number;
  readonly remedy: string | undefined;

  constructor(status: number, message: string, remedy?: string) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.remedy = remedy;
  }
}

let csrf: string | undefined;

/** Sends a request to the API of the daemon that this page came from. */
async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, { ...init, cache: 'no-store', credentials: 'same-origin' });
  } catch {
    throw new ApiProblem(0, 'The daemon does not answer.', 'sudo systemctl status sync-controller');
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { message?: string; remedy?: string };
  throw new ApiProblem(
    response.status,
    problem.message ?? `The daemon answered ${String(response.status)}.`,
    problem.remedy,
  );
}

export async function get<T>(path: string, query: object = {}): Promise<T> {
  return (await (await send(withQuery(path, query), {})).json()) as T;
}

function posted(body: object): RequestInit {
  const headers = {
    'content-type': 'application/json',
    ...(csrf === undefined ? {} : { 'x-csrf-token': csrf }),
  };
  return { method: 'POST', headers, body: JSON.stringify(body) };
}

export async function post<T>(path: string, body: object = {}): Promise<T> {
  return (await (await send(path, posted(body))).json()) as T;
}

/** A request that is answered by lines while the work goes on. */
export async function postStreamed<T>(
  path: string,
  body: object,
  onNode: (report: NodeReport) => void = () => undefined,
): Promise<T> {
  const response = await send(path, posted(body));
  let rest = '';
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (;;) {
    const piece = await reader?.read().catch(() => undefined);
    if (piece === undefined || piece.done)
      throw new ApiProblem(0, 'The daemon fell silent before it was done; what it has begun goes on.');
    const lines = (rest + decoder.decode(piece.value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const line = JSON.parse(text) as StreamLine;
      if (line.type === 'node') onNode(line.report);
      if (line.type === 'problem') throw new ApiProblem(409, line.problem.message, line.problem.remedy);
      if (line.type === 'end') return line.answer as T;
    }
  }
}

/** Who is signed in; undefined where nobody is. */
export async function readSession(): Promise<SessionReport | undefined> {
  try {
    const session = await get<SessionReport>('session');
    csrf = session.csrf ?? undefined;
    return session;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return undefined;
    throw error;
  }
}

/** Exchanges a token for a session. */
export async function signIn(token: string): Promise<SessionReport> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const session = (await (
    await send('session', { method: 'POST', headers, body: '{}' })
  ).json()) as SessionReport;
  csrf = session.csrf ?? undefined;
  return session;
}

export async function signOut(): Promise<void> {
  await post('session/end');
  csrf = undefined;
}
