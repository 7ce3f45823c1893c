import { describe, expect, it } from 'vitest';
import { notify } from '../../src/config/notify-schema.ts';

const hook = { name: 'ops', kind: 'webhook', url: 'https://hooks.example.com/x' };
const mail = {
  name: 'mail',
  kind: 'smtp',
  host: 'mx.example.com',
  from: 'a@example.com',
  to: ['b@example.com'],
};

describe('the settings of notifications', () => {
  it('tell nobody where nobody says otherwise', () => {
    expect(notify.parse({})).toEqual({
      targets: [],
      groupMs: 10_000,
      pendingMs: 300_000,
      quietMs: 60_000,
      joinMs: 7_200_000,
      flapCount: 5,
      flapWindowMs: 1_800_000,
      stableMs: 900_000,
      names: 10,
      offlineTypes: ['vps_nodes', 'worker_nodes', 'dnsmasq_nodes', 'caddy_nodes'],
      ignoreCauses: [],
    });
  });

  it.each([
    [hook],
    [{ ...hook, secretFile: '/etc/key', tokenFile: '/etc/token', timeoutMs: 5_000 }],
    [{ name: 'chat', kind: 'slack', secretFile: '/etc/slack-url' }],
    [{ name: 'chat', kind: 'slack', url: 'https://mattermost.example.com/hooks/x' }],
    [{ name: 'phone', kind: 'ntfy', url: 'https://ntfy.sh/my-topic' }],
    [mail],
    [{ ...mail, tls: 'tls', port: 465, user: 'u', secretFile: '/etc/pass' }],
  ])('take %j', (target) => {
    expect(notify.parse({ targets: [target] }).targets).toHaveLength(1);
  });

  it.each([
    [
      'a URL with a password in it',
      { ...hook, url: 'https://u:p@example.com/' },
      'without a user and password',
    ],
    ['a URL of another kind', { ...hook, url: 'file:///etc/passwd' }, 'an http or https URL'],
    ['a secret in the settings', { ...hook, secret: 'x' }, 'secret'],
    ['a kind that does not exist', { ...hook, kind: 'pager' }, 'webhook, slack, ntfy or smtp'],
    ['a Slack target without a URL', { name: 'chat', kind: 'slack' }, 'either `url`, or `secretFile`'],
    [
      'an ntfy URL without a topic',
      { name: 'x', kind: 'ntfy', url: 'https://ntfy.sh/' },
      'the URL of a topic',
    ],
    ['a password without TLS', { ...mail, tls: 'none', user: 'u', secretFile: '/p' }, 'other than none'],
    ['a user without a password', { ...mail, user: 'u' }, '`user` and `secretFile` together'],
    ['a header in an address', { ...mail, from: 'a@example.com\r\nBcc: x@y.z' }, 'a mail address'],
    ['a second address in one', { ...mail, to: ['a@example.com, b@example.com'] }, 'a mail address'],
    ['nobody to write to', { ...mail, to: [] }, 'a list of 1 to 32 mail addresses'],
    ['a target without a name', { ...hook, name: undefined }, 'a name of 1 to 63'],
    ['a relative path', { ...hook, secretFile: 'key' }, 'an absolute path'],
  ])('refuse %s', (_what, target, message) => {
    const result = notify.safeParse({ targets: [target] });
    expect(result.error?.issues[0]?.message).toContain(message);
  });

  it('refuse two targets of one name', () => {
    expect(notify.safeParse({ targets: [hook, mail, hook] }).error?.issues[0]?.message).toContain(
      'a name of its own',
    );
  });
});
