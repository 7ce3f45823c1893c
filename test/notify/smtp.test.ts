import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { within } from '../../src/lib/abort.ts';
import { targetOf } from '../../src/notify/target.ts';
import { messageSample } from './alerts.ts';
import { until } from './listener.ts';
import { settingsOf } from './story.ts';

let folder: string;
let open: SMTPServer[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-smtp-'));
  open = [];
});
afterEach(async () => {
  for (const server of open) await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(folder, { recursive: true });
});

interface Mailbox {
  readonly port: number;
  readonly mails: { readonly text: string; readonly from: unknown; readonly to: readonly unknown[] }[];
}

async function mailbox(options: SMTPServerOptions): Promise<Mailbox> {
  const mails: Mailbox['mails'] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          text: Buffer.concat(parts).toString('utf8'),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
        });
        done();
      });
    },
    ...options,
  });
  open.push(server);
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return { port: (server.server.address() as AddressInfo).port, mails };
}

function mail(port: number, more: Record<string, unknown> = {}) {
  const written = {
    name: 'mail',
    kind: 'smtp' as const,
    host: '127.0.0.1',
    port,
    tls: 'none' as const,
    from: 'sync@example.com',
    to: ['ops@example.com', 'night@example.com'],
    ...more,
  };
  return targetOf(settingsOf({ targets: [written] }).targets[0]!, () => 0);
}

const never = new AbortController().signal;

describe('mail', () => {
  it('says the incident in the subject and the rest as plain text', async () => {
    const box = await mailbox({});
    await mail(box.port).send(messageSample({}, 1), never);
    const [got] = box.mails;
    expect(got).toMatchObject({ from: 'sync@example.com', to: ['ops@example.com', 'night@example.com'] });
    expect(got!.text).toContain('Subject: [home] ALERT: 12 nodes: the node refuses our key (auth)\r\n');
    expect(got!.text).toContain('Content-Type: text/plain; charset=utf-8');
    expect(got!.text).toContain('Auto-Submitted: auto-generated');
    expect(got!.text).toContain('\r\ndo: syncctl health\r\n');
    expect(got!.text).toContain('note: 1 earlier messages could not be delivered here');
  });

  it('has no headers and no lines but ours, whatever a registry says', async () => {
    const box = await mailbox({});
    const evil = 'x\r\nBcc: victim@example.com\r\n\r\n.\r\nRCPT TO:<victim@example.com>';
    await mail(box.port).send(
      messageSample({ cluster: evil, summary: evil, evidence: '\r\n.\r\nQUIT' }),
      never,
    );
    expect(box.mails).toHaveLength(1);
    const [head] = box.mails[0]!.text.split('\r\n\r\n');
    expect(head).not.toMatch(/^bcc:/imu);
    expect(box.mails[0]!.to).toEqual(['ops@example.com', 'night@example.com']);
  });

  it('that the server refuses for good is told so', async () => {
    const box = await mailbox({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('no such user'), { responseCode: 550 })),
    });
    await expect(mail(box.port).send(messageSample(), never)).rejects.toMatchObject({
      final: true,
      message: expect.stringContaining('no such user') as string,
    });
  });

  it('that the server does not want now is told so', async () => {
    const box = await mailbox({
      onMailFrom: (_address, _session, done) =>
        done(Object.assign(new Error('later'), { responseCode: 451 })),
    });
    await expect(mail(box.port).send(messageSample(), never)).rejects.toMatchObject({ final: false });
  });

  it('goes to nobody where the server offers no TLS and TLS is wanted', async () => {
    const box = await mailbox({});
    await expect(mail(box.port, { tls: 'starttls' }).send(messageSample(), never)).rejects.toThrow(
      /STARTTLS/u,
    );
    expect(box.mails).toEqual([]);
  });
});

describe('mail over TLS with a password', () => {
  let before: string[];
  let tls: { key: Buffer; cert: Buffer };
  beforeEach(() => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
        .concat(['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'])
        .concat(['-keyout', key, '-out', cert]),
      { stdio: 'ignore' },
    );
    tls = { key: readFileSync(key), cert: readFileSync(cert) };
    before = getCACertificates('default');
  });
  afterEach(() => setDefaultCACertificates(before));

  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) =>
    username === 'sync' && password === 'pass word'
      ? done(null, { user: username })
      : done(new Error(`wrong password ${String(password)}`));

  function withPassword(port: number, password: string, kind: 'starttls' | 'tls') {
    const secretFile = join(folder, 'password');
    writeFileSync(secretFile, `${password}\n`, { mode: 0o600 });
    return mail(port, { tls: kind, user: 'sync', secretFile });
  }

  it.each(['starttls', 'tls'] as const)('is delivered by %s', async (kind) => {
    setDefaultCACertificates([...before, tls.cert.toString()]);
    const box = await mailbox({ ...tls, secure: kind === 'tls', disabledCommands: [], onAuth });
    await withPassword(box.port, 'pass word', kind).send(messageSample(), never);
    expect(box.mails).toHaveLength(1);
  });

  it('is not delivered to a server that cannot prove who it is', async () => {
    const box = await mailbox({ ...tls, disabledCommands: [], onAuth });
    await expect(
      withPassword(box.port, 'pass word', 'starttls').send(messageSample(), never),
    ).rejects.toThrow(/self-signed certificate/u);
    expect(box.mails).toEqual([]);
  });

  it('tells of a wrong password without saying it', async () => {
    setDefaultCACertificates([...before, tls.cert.toString()]);
    const box = await mailbox({ ...tls, disabledCommands: [], onAuth });
    const error: unknown = await withPassword(box.port, 'zq9-wrong', 'starttls')
      .send(messageSample(), never)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ final: true });
    expect(String(error)).toContain('[removed]');
    expect(String(error)).not.toContain('zq9');
  });
});

describe('a mail server that never gets to the point', () => {
  let server: Server;
  afterEach(() => {
    server.close();
  });

  it('is left when the time is up, and its connection is closed', async () => {
    let closed = 0;
    server = createServer((socket) => {
      // A sign of life often enough that no wait for silence would ever end.
      const timer = setInterval(() => socket.write('220-wait\r\n'), 20);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(timer);
        closed += 1;
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const target = mail(port, { timeoutMs: 300 });
    await expect(
      within(target.timeoutMs, undefined, (signal) => target.send(messageSample(), signal)),
    ).rejects.toThrow();
    await until(() => closed === 1);
  });
});
