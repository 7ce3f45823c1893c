import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';

async function load(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'config.yaml');
  writeFileSync(file, yaml);
  return (await loadSettings({ env: { HOME: '/home/ada', ...env }, uid: 1000, file })).settings;
}

describe('the settings of triggers, announcements and traces', () => {
  it('open nothing by default but Events and the annotation', async () => {
    const { webhook, admission, announce, traces } = await load('');
    expect([webhook.secretFile, webhook.secretVariable, admission.listen, traces.endpoint]).toEqual([
      ...[undefined, undefined, 'off', undefined],
    ]);
    expect(announce).toEqual({ events: true, annotation: true });
  });

  it('take paths of the home, and the environment', async () => {
    const { webhook, admission, traces, api } = await load(
      [
        'webhook: { secretFile: ~/secret }',
        'admission: { certificate: ~/a.crt, key: ~/a.key }',
        'traces: { endpoint: "https://otlp.example.net/v1/traces", tokenFile: ~/token }',
        'api: { certificate: ~/b.crt, key: ~/b.key }',
      ].join('\n'),
      { SYNC_CONTROLLER_ADMISSION_LISTEN: '[::1]:9441' },
    );
    expect([webhook.secretFile, admission.certificate, admission.key, traces.tokenFile]).toEqual(
      ['secret', 'a.crt', 'a.key', 'token'].map((name) => `/home/ada/${name}`),
    );
    expect([api.certificate, api.key, admission.listen]).toEqual([
      '/home/ada/b.crt',
      '/home/ada/b.key',
      '[::1]:9441',
    ]);
  });

  it.each([
    ['webhook: { secretFile: /a, secretVariable: HOOK }', /not both/u],
    ['webhook: { secretFile: relative }', /absolute path/u],
    ['webhook: { secretVariable: SYNC_CONTROLLER_HOOK }', /does not begin with SYNC_CONTROLLER_/u],
    ['webhook: { secretVariable: lower }', /capitals/u],
    ['webhook: { secret: abc }', /webhook\.secret/u],
    ['webhook: { maxBytes: 0 }', /from 1 to/u],
    [
      'api: { listen: off }\nwebhook: { secretFile: /a }',
      /api\.listen: expected an address, because a webhook is set/u,
    ],
    ['admission: { listen: 9441 }', /an address and a port/u],
    ['admission: { listen: "localhost:9441" }', /an address and a port/u],
    ['admission: { certificate: /a }', /together/u],
    ['admission: { allowFrom: ["10.0.0.0/33"] }', /a network such as/u],
    ['announce: { events: maybe }', /true or false/u],
    ['traces: { endpoint: "grpc://x" }', /http or https URL/u],
    ['traces: { endpoint: "http://user:pass@x/v1/traces" }', /without a user and password/u],
    ['traces: { queue: 1 }', /from 64 to/u],
  ])('refuse %s with one sentence', async (yaml, sentence) => {
    await expect(load(yaml)).rejects.toThrow(sentence);
  });
});
