import { isIP } from 'node:net';
import { admissionManifest } from '../admission-manifest.ts';
import type { Settings } from '../../config/settings.ts';
import type { Call } from '../call.ts';
import { exitCodes, SyncError } from '../../lib/errors.ts';
import type { CommandModule } from '../command.ts';
import { asYaml } from '../output/structured.ts';
import { wrongWord } from '../words.ts';

const placeForm = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/u;

export const command: CommandModule = {
  configure: (manifest) => {
    manifest
      .option(
        '--host <address>',
        'the address or name by which the API server reaches this machine; else that of admission.listen',
      )
      .addHelpText(
        'after',
        '\nMakes a certificate in the state directory where there is none (10 years; openssl). Edits go through unjudged while no daemon answers.',
      );
  },
  examples: [
    'syncctl admission manifest | kubectl apply -f -',
    'syncctl admission manifest --host 10.0.0.5 -o json',
    'syncctl admission manifest --source east --host 10.0.0.5 | kubectl --context east apply -f -',
  ],
  run: async (call) => {
    const settings = await call.settings();
    const { listen } = settings.admission;
    const [, bracketed, plain, port] = placeForm.exec(listen) ?? [];
    if (port === undefined)
      throw new SyncError('config', `admission.listen: expected an address and a port, got ${listen}`, {
        remedy: 'set admission.listen to 127.0.0.1:9441 in the settings and restart the daemon',
      });
    const host = hostOf(call.text('host') ?? bracketed ?? plain ?? '');
    const { source, share } = await reviewed(call, settings);
    const { admissionFiles } = await import('../../config/admission-files.ts');
    const { admissionCertificate } = await import('../../compose/admission-certificate.ts');
    const files = admissionFiles(settings);
    const wish = { ...files, host, signal: call.context.signal };
    const { pem, made } = await admissionCertificate(wish, call.context.clock.now());
    const value = admissionManifest({ source, share, host, port: Number(port), authority: pem });
    const text = await asYaml(value);
    await call.print({ value, table: () => text });
    if (made) {
      call.note('success', `made a certificate for ${host}: ${files.certificate}`);
      call.note('info', `To undo: rm ${files.certificate} ${files.key}`);
    }
    return exitCodes.ok;
  },
};

/** The source whose API server is to ask: of several it has to be named, because each asks at a place of its own. */
async function reviewed(
  call: Call,
  settings: Settings,
): Promise<{ readonly source: Settings['source']; readonly share: string | undefined }> {
  if (settings.sources.length === 0) return { source: settings.source, share: undefined };
  const { needOneSource, shareOf } = await import('../several.ts');
  await needOneSource(call);
  const share = (await shareOf(call)) ?? '';
  const { oneSource } = await import('../one-source.ts');
  const { source } = oneSource(settings, share);
  if (source.kind === 'kubernetes') return { source, share };
  const remedy = 'a folder has no API server that could ask; syncctl validate judges its edits';
  throw wrongWord({ place: '--source', expected: 'a source of kind kubernetes', remedy }, share);
}

/** What goes into a certificate and a URL. */
function hostOf(word: string): string {
  const isName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/iu.test(word) && !/^[\d.]+$/u.test(word);
  if (word === '0.0.0.0' || word === '::' || (isIP(word) === 0 && !isName))
    throw wrongWord(
      {
        place: '--host',
        expected: 'the address or name by which the API server reaches this machine',
        remedy: 'such as --host 10.0.0.5',
      },
      word,
    );
  return word;
}
