import type { TargetSettings } from '../config/notify-schema.ts';
import { messageOf } from '../lib/errors.ts';
import { maskText } from '../lib/mask.ts';
import { evidenceOf } from '../lib/text.ts';
import type { Message } from './alert.ts';
import { Refused, type Target } from './delivery.ts';
import { readSecret } from './secret-file.ts';
import { plainText, titleOf } from './wording.ts';

type Settings = TargetSettings & { kind: 'smtp' };

/** Sends plain text by mail. One connection per message: they are rare, and an idle one would only break. */
export function smtpTarget(settings: Settings): Target {
  const { name, kind, host, timeoutMs, tls } = settings;
  const port = settings.port ?? { starttls: 587, tls: 465, none: 25 }[tls];
  return {
    name,
    kind,
    place: `${host}:${String(port)}`,
    timeoutMs,
    send: async (message, signal) => {
      const pass = settings.secretFile === undefined ? undefined : await readSecret(settings.secretFile);
      // Loaded when first needed: most controllers never send mail.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(connectionOf(settings, port, pass));
      // The types do not know yet that a signal ends the connection.
      const mail = { ...mailOf(message, settings), signal };
      try {
        await transport.sendMail(mail);
      } catch (error) {
        signal.throwIfAborted();
        throw refusalOf(error, pass);
      }
    },
  };
}

function connectionOf({ host, tls, user, timeoutMs }: Settings, port: number, pass: string | undefined) {
  return {
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(pass === undefined ? {} : { auth: { user: user ?? '', pass } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // A server that does not say goodbye keeps no socket of ours.
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function mailOf(message: Message, { from, to }: Settings) {
  return {
    from,
    to,
    subject: titleOf(message.alert),
    text: `${plainText(message)}\n`,
    // No out-of-office answers to a machine.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

/** A code of 5xx means that the same mail would be refused again; everything else may pass. */
function refusalOf(error: unknown, pass: string | undefined): Refused {
  const code =
    typeof error === 'object' && error !== null && 'responseCode' in error ? Number(error.responseCode) : 0;
  const text = pass === undefined ? messageOf(error) : messageOf(error).replaceAll(pass, '[removed]');
  return new Refused(evidenceOf(maskText(text)), { final: code >= 500 && code < 600 });
}
