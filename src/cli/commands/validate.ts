import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { CommandModule } from '../command.ts';
import { apiVersion } from '../output/structured.ts';
import { marked, lookOf } from '../output/tags.ts';
import { needRegistries } from '../registries.ts';
import { counted } from '../words.ts';

export const command: CommandModule = {
  configure: (validate) => {
    validate.addHelpText(
      'after',
      '\nExit codes: 0 no errors (warnings are told), 65 at least one error, 69 the source cannot be read.',
    );
  },
  examples: ['syncctl validate', 'syncctl --registry ./registry validate -o json'],
  run: async (call) => {
    const { snapshot, source } = await needRegistries(call);
    const { findings } = snapshot;
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const warnings = findings.length - errors;
    const look = lookOf(call.context.stdout, call.context.env, call.globals.color === false);
    await call.print({
      value: {
        apiVersion,
        kind: 'ValidationReport',
        source: { kind: source.kind, location: source.location },
        valid: errors === 0,
        errors,
        warnings,
        findings,
      },
      table: () =>
        [
          ...findings.map(({ severity, path, message, remedy }) =>
            marked(
              severity === 'error' ? 'error' : 'warn',
              printable(`${path}: ${message}; ${remedy}`),
              look,
            ),
          ),
          `${counted(errors, 'error')}, ${counted(warnings, 'warning')}; ${sizes(snapshot)}`,
          '',
        ].join('\n'),
    });
    return errors === 0 ? exitCodes.ok : exitCodes.data;
  },
};

function sizes(snapshot: {
  services: ReadonlyMap<string, unknown>;
  nodes: ReadonlyMap<string, unknown>;
  domains: ReadonlyMap<string, unknown>;
  routes: ReadonlyMap<string, unknown>;
}): string {
  const { services, nodes, domains, routes } = snapshot;
  return `valid: ${counted(services.size, 'service')}, ${counted(nodes.size, 'node')}, ${counted(domains.size, 'domain')}, ${counted(routes.size, 'route')}`;
}
