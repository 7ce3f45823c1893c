import type { TargetSettings } from '../config/notify-schema.ts';
import type { Message } from './alert.ts';
import type { Target } from './delivery.ts';
import { placeOf, postJson } from './post.ts';
import { readSecret } from './secret-file.ts';
import { plainText, titleOf } from './wording.ts';

type Settings = TargetSettings & { kind: 'ntfy' };

/** Publishes to a topic as JSON: a header could not hold every name. */
export function ntfyTarget({ name, kind, url, secretFile, timeoutMs }: Settings): Target {
  const { server, topic } = partsOf(url);
  return {
    name,
    kind,
    place: placeOf(url),
    timeoutMs,
    send: async (message, signal) => {
      const token = secretFile === undefined ? undefined : await readSecret(secretFile);
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const body = JSON.stringify({ topic, ...ntfyFields(message) });
      await postJson({ url: server, body, headers, secrets: [token ?? '', topic], signal });
    },
  };
}

/** Title, text, priority (3 is a phone's normal sound, 4 is loud) and the tags that ntfy shows as emoji. */
export function ntfyFields(message: Message): Record<string, unknown> {
  const { status, cause } = message.alert;
  const loud = status === 'firing' && cause !== 'flapping';
  return {
    title: titleOf(message.alert),
    message: plainText(message),
    priority: loud ? 4 : 3,
    tags: [{ firing: 'rotating_light', resolved: 'white_check_mark', test: 'wave' }[status]],
  };
}

/** The URL of a topic as server and topic; a server may live below a path. */
function partsOf(url: string): { server: string; topic: string } {
  const { origin, pathname } = new URL(url);
  const cut = pathname.lastIndexOf('/');
  return { server: `${origin}${pathname.slice(0, cut)}/`, topic: pathname.slice(cut + 1) };
}
