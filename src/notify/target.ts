import type { TargetSettings } from '../config/notify-schema.ts';
import { assertNever } from '../lib/errors.ts';
import { ntfyTarget } from './ntfy.ts';
import { slackTarget } from './slack.ts';
import { smtpTarget } from './smtp.ts';
import type { Target } from './delivery.ts';
import { webhookTarget } from './webhook.ts';

/** A place that messages go to, built from its settings; nothing is opened before the first message. */
export function targetOf(settings: TargetSettings, now: () => number): Target {
  switch (settings.kind) {
    case 'webhook':
      return webhookTarget(settings, now);
    case 'slack':
      return slackTarget(settings);
    case 'ntfy':
      return ntfyTarget(settings);
    case 'smtp':
      return smtpTarget(settings);
    default:
      return assertNever(settings);
  }
}
