import type { Node } from '../../model/node.ts';
import { nodeTypes } from '../../plan/node-types/index.ts';
import type { Endpoint, Transport } from '../../transport/transport.ts';
import { sendTakeover, type TakeoverResult } from './node-exchange.ts';
import type { TakeoverAnswer } from './node-wire.ts';

/** A target of a node as it stands; `text` is undefined where it is no file, or too large to be one of ours. */
export interface SurveyedFile {
  readonly kind: string;
  readonly path: string;
  readonly like: string;
  /** Digest of the whole file, or `absent`. */
  readonly sha: string;
  readonly text: string | undefined;
}

/** What stands on a node; nothing was written to learn it. */
export interface NodeSurvey {
  readonly files: readonly SurveyedFile[];
  /** The predecessor's scripts that write what we write. */
  readonly scripts: readonly { readonly path: string; readonly armed: boolean }[];
  /** Other programs that rewrite the hosts file. */
  readonly writers: readonly { readonly name: string; readonly path: string }[];
  /** Tables of cron and units that call the predecessor's scripts. */
  readonly callers: readonly string[];
  readonly publicDomain: string;
  /** True where a receiver is installed already. */
  readonly receiver: boolean;
}

export type Surveyed =
  { readonly ok: true; readonly survey: NodeSurvey } | (TakeoverResult & { readonly ok: false });

/** Looks at a node in its own way. */
export async function surveyNode(
  ports: { readonly transport: Transport; readonly endpoint: Endpoint; readonly deadlineMs?: number },
  node: Node,
  signal: AbortSignal,
): Promise<Surveyed> {
  const result = await sendTakeover(
    ports,
    {
      action: 'survey',
      login: node.sshUser,
      kinds: [nodeTypes[node.type].kind],
      checkouts: checkoutsOf(node),
    },
    signal,
  );
  return result.ok ? { ok: true, survey: readSurvey(result.answer) } : result;
}

/** Where the predecessor's scripts may stand on a node, as its row says; the script knows the usual places by itself. */
export function checkoutsOf({ repoPath }: Pick<Node, 'repoPath'>): readonly string[] {
  return repoPath === undefined || repoPath === '' ? [] : [repoPath];
}

function readSurvey(answer: TakeoverAnswer): NodeSurvey {
  return {
    files: answer.files.map(({ kind, path, state, like, sha, content }) => ({
      ...{ kind, path },
      like: state === 'absent' ? 'absent' : like,
      sha: state === 'absent' ? 'absent' : sha,
      text:
        state === 'absent'
          ? ''
          : state === 'file'
            ? Buffer.from(content, 'base64').toString('utf8')
            : undefined,
    })),
    scripts: answer.scripts.map(({ path, armed }) => ({ path, armed })),
    writers: answer.writers,
    callers: answer.callers,
    publicDomain: answer.public_domain,
    receiver: answer.receiver,
  };
}
