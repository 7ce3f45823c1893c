import { exitCodes } from '../../lib/errors.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import type { Done } from '../init/deed.ts';
import type { InitGround } from '../init/deeds.ts';
import { apiVersion } from '../output/structured.ts';

export const command: CommandModule = {
  configure: (init) => {
    init
      .option('--takeover', 'a cluster of the predecessor: only observe until `syncctl adopt`')
      .option('--source <kind>', 'kubernetes or directory; K3s where it is found, else a folder')
      .option(
        '--cluster-domain <domain>',
        'names inside are <service>.<domain>.local; `cluster` when left out',
      )
      .option('--public-domain <domain>', 'public domain of the cluster')
      .option('--apply-rbac', 'apply the manifest of the least rights, too')
      .option('--no-unit', 'leave systemd alone')
      .option('--no-start', 'write the unit, and neither enable nor start it')
      .option('--force', 'write the settings anew; the present file is kept beside')
      .option('--dry-run', 'show what would be done and do nothing')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nShows what it will write and asks once. What is there stays as it is. Each step prints the command that takes it back.\nExit codes: 0 all is set up, 69 a cluster is here and does not answer.',
      );
  },
  examples: [
    'syncctl init',
    'syncctl init --yes --source directory --cluster-domain home',
    'syncctl init --takeover',
  ],
  run: async (call) => {
    const ground = await groundOf(call);
    const deeds = await deedsOf(ground);
    const { shownDeeds, runDeeds } = await import('../init/deed.ts');
    const heading = `Registries: ${placeOf(ground)}, ${ground.found.because}`;
    const dryRun = call.flag('dryRun');
    const hasWork = deeds.some((deed) => 'what' in deed);
    if (dryRun) for (const line of [heading, ...shownDeeds(deeds)]) call.note('info', line);
    else if (hasWork) await call.confirm('Do this?', [heading, ...shownDeeds(deeds)]);
    const steps = dryRun
      ? deeds.map((deed): Done =>
          'kept' in deed
            ? { step: deed.name, result: 'kept', what: deed.kept, undo: null }
            : { step: deed.name, result: 'planned', what: deed.what, undo: deed.undo },
        )
      : await runDeeds(call, deeds);
    const next = nextOf(ground);
    await call.print({
      value: { apiVersion, kind: 'InitReport', dryRun, source: { ...ground.found.source }, steps, next },
      table: () => '',
    });
    if (!dryRun && !hasWork) call.note('success', 'all of it is set up already');
    for (const line of next) call.note('info', `Next: ${line}`);
    return exitCodes.ok;
  },
};

async function groundOf(call: Call): Promise<InitGround> {
  const [{ settingsFiles }, { findSource }, { predecessorKeys }] = await Promise.all([
    import('../../config/places.ts'),
    import('../init/find-source.ts'),
    import('../../enrol/takeover/predecessor.ts'),
  ]);
  const { env, uid } = call.context;
  const files = settingsFiles({ env, uid });
  const { existsSync } = await import('node:fs');
  const settingsFile = files.find((file) => existsSync(file)) ?? files[0] ?? '';
  const found = await findSource(call, settingsFile);
  const takeover = call.flag('takeover');
  const ground = { call, settingsFile, found, takeover };
  await askDomain(ground);
  return { ...ground, identity: takeover ? predecessorKeys({ env, uid }) : [] };
}

/** The one thing that cannot be found out: how names inside shall end. */
async function askDomain({ call, found, takeover }: Omit<InitGround, 'identity'>): Promise<void> {
  const { ask } = call.context;
  if (ask === undefined || call.flag('yes') || call.flag('dryRun') || takeover) return;
  if (!found.missing.includes('cluster-info') || call.text('clusterDomain') !== undefined) return;
  const answer = (await ask('Names inside are <service>.<domain>.local; which domain? [cluster] ')).trim();
  if (answer !== '') call.answer('clusterDomain', answer);
}

async function deedsOf(ground: InitGround) {
  const { call } = ground;
  const deeds = await import('../init/deeds.ts');
  const { hostKeysDeed } = await import('../init/host-keys-deed.ts');
  const { unitDeeds } = await import('../init/unit-deeds.ts');
  return [
    await deeds.settingsDeed(ground),
    deeds.keyDeed(ground),
    deeds.registriesDeed(ground),
    ...(await deeds.rbacDeeds(ground)),
    ...(await hostKeysDeed(ground)),
    ...(await unitDeeds(call, !call.given('start', false))),
  ];
}

function placeOf({ found: { source } }: InitGround): string {
  return source.kind === 'kubernetes'
    ? `the cluster of ${source.kubeconfig}`
    : `the folder ${source.directory}`;
}

function nextOf({ takeover }: InitGround): readonly string[] {
  if (takeover) return ['sudo syncctl adopt --dry-run', 'sudo syncctl adopt'];
  return ['sudo syncctl node add <login>@<address> --type laptop', 'sudo syncctl health'];
}
