import type { TargetSettings } from '../config/notify-schema.ts';
import type { Message } from './alert.ts';
import { Refused, type Target } from './delivery.ts';
import { placeOf, postJson } from './post.ts';
import { readSecret } from './secret-file.ts';
import { linesOf, titleOf } from './wording.ts';

type Settings = TargetSettings & { kind: 'slack' };

/** Posts a text as Slack, Mattermost, Rocket.Chat and Discord (`…/slack`) take it. The URL is a secret, so it may stand in a file. */
export function slackTarget({ name, kind, url, secretFile, timeoutMs }: Settings): Target {
  return {
    name,
    kind,
    place: url === undefined ? `the URL in ${String(secretFile)}` : placeOf(url),
    timeoutMs,
    send: async (message, signal) => {
      const to = url ?? (await readUrl(secretFile));
      await postJson({ url: to, body: JSON.stringify({ text: slackText(message) }), secrets: [to], signal });
    },
  };
}

/** The message in Slack's markup, of which only ours takes effect. */
export function slackText(message: Message): string {
  const lines = linesOf(message).map(
    ({ label, text, code }) => `${label}: ${code === true ? `\`${codeText(text)}\`` : slackEscape(text)}`,
  );
  return [`*${slackEscape(titleOf(message.alert))}*`, ...lines].join('\n');
}

/**
 * Text that mentions nobody and links nowhere. Slack needs `&<>` escaped; its imitations also read `@channel`, Markdown links
 * and bare URLs, which a character without width breaks.
 */
export function slackEscape(text: string): string {
  return entities(text)
    .replaceAll('@', '@\u200b')
    .replaceAll('](', ']\u200b(')
    .replaceAll('://', ':\u200b//')
    .replaceAll(/[*_~`]/gu, '\u200b$&');
}

/** A command stays as it is, so that it can be copied; between backticks nothing else takes effect. */
function codeText(text: string): string {
  return entities(text).replaceAll('`', "'");
}

function entities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

async function readUrl(file: string | undefined): Promise<string> {
  const text = await readSecret(file ?? '');
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'https:' || protocol === 'http:') return text;
  throw new Refused(`secret file ${String(file)}: expected an http or https URL`, { final: false });
}
