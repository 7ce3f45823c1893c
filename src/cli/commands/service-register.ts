import { SyncError } from '../../lib/errors.ts';
import { kubernetesName } from '../../registry/grammar.ts';
import { publishSteps, registerSteps } from '../../registry/operations/services.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { addChangeOptions, change, type Ground } from '../change.ts';
import { routingOf, addRoutingOptions } from '../routing-options.ts';
import { portOf, wrongWord } from '../words.ts';

export const command: CommandModule = {
  configure: (register) => {
    register
      .argument('<name>', 'name in the registry')
      .argument(
        '[subdomain]',
        'label path, "" for the bare cluster domain, @ for the root of a public domain; the name when left out',
      )
      .option(
        '--kubernetes <namespace/service>',
        'the Service it stands for; gives address and port where they are left out',
      )
      .option('--ip <address>', 'where it answers')
      .option('--port <port>', 'on which port')
      .option('--public', 'make it public, too');
    addRoutingOptions(register);
    addChangeOptions(register);
  },
  examples: [
    'syncctl service register demo --ip 100.76.150.207 --port 80',
    'syncctl service register photos photos --kubernetes immich/immich-server --public',
  ],
  run: async (call) => {
    const name = call.need(0);
    return change(call, async (ground) => {
      const fields = await fieldsOf(call, ground, name);
      const register = registerSteps(name, fields, ground.now);
      if (!call.flag('public')) return { done: `${name} is registered`, steps: register };
      const routing = routingOf(call, ground.snapshot, name);
      return {
        done: `${name} is registered and public`,
        steps: [...register, ...publishSteps(name, ground.snapshot, { routing, now: ground.now })],
      };
    });
  },
};

async function fieldsOf(
  call: Call,
  ground: Ground,
  name: string,
): Promise<Parameters<typeof registerSteps>[1]> {
  const present = ground.snapshot.services.get(name);
  const [namespace, service] = coordinatesOf(call);
  const balancer = namespace === undefined ? undefined : await balancerOf(call, namespace, service);
  const given = call.text('port');
  const port = given === undefined ? (balancer?.port ?? present?.port) : portOf(given, '--port');
  if (port === undefined)
    throw wrongWord(
      { place: '--port', expected: 'the port of the service', remedy: 'pass --port 80' },
      undefined,
    );
  return {
    subdomain: call.word(1) ?? present?.subdomain ?? name,
    ip: call.text('ip') ?? balancer?.ip ?? present?.ip,
    port,
    namespace: namespace ?? present?.namespace,
    service: service ?? present?.service,
  };
}

function coordinatesOf(call: Call): readonly [string, string] | readonly [undefined, undefined] {
  const word = call.text('kubernetes');
  if (word === undefined) return [undefined, undefined];
  const [namespace, service, more] = word.split('/');
  if (
    namespace !== undefined &&
    service !== undefined &&
    more === undefined &&
    kubernetesName(namespace).ok &&
    kubernetesName(service).ok
  )
    return [namespace, service];
  throw wrongWord(
    { place: '--kubernetes', expected: 'namespace/service', remedy: 'such as immich/immich-server' },
    word,
  );
}

/** Its load balancer, where the source knows load balancers and the address is not given. */
async function balancerOf(
  call: Call,
  namespace: string,
  service: string,
): Promise<{ ip: string; port: number } | undefined> {
  if (call.text('ip') !== undefined) return undefined;
  const found = await (await call.source()).loadBalancers(call.context.signal);
  const balancer = found?.find(
    (candidate) => candidate.namespace === namespace && candidate.name === service,
  );
  if (found === undefined || balancer !== undefined) return balancer;
  throw new SyncError(
    'notFound',
    `--kubernetes: expected a LoadBalancer service with an address, got "${namespace}/${service}"`,
    { remedy: `kubectl -n ${namespace} get service ${service}, or pass --ip and --port` },
  );
}
