import type { Leaf } from './leaves.ts';
import { leaves, variableOf } from './leaves.ts';
import { refusal } from './refusal.ts';

const prefix = 'SYNC_CONTROLLER_';

/** Read by other parts; no setting of the file. */
const known = new Set([`${prefix}CONFIG`]);

// A Service named sync-controller makes the kubelet put SYNC_CONTROLLER_PORT and its family into every pod of the namespace.
const serviceLink =
  /^SYNC_CONTROLLER_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/u;

/**
 * The settings that the environment gives, by path.
 * @throws SyncError `config` for a variable of ours that is no setting.
 */
export function fromEnvironment(
  env: NodeJS.ProcessEnv,
): readonly { readonly path: readonly string[]; readonly value: unknown }[] {
  const byName = new Map(leaves().map((leaf) => [variableOf(leaf.path), leaf]));
  const given: { path: readonly string[]; value: unknown }[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || text === undefined || known.has(name) || serviceLink.test(name)) continue;
    const leaf = byName.get(name);
    if (leaf === undefined) {
      throw refusal({
        place: `environment variable ${name}`,
        expected: 'the name of a setting',
        value: text,
        remedy: `unset ${name}, or see docs/configuration.md`,
      });
    }
    given.push({ path: leaf.path, value: valueOf(leaf, text) });
  }
  return given;
}

/** A variable holds text; what the setting takes decides how the text is read. */
function valueOf(leaf: Leaf, text: string): unknown {
  if (text === '' || text === 'null') return leaf.fallback;
  if (Array.isArray(leaf.fallback)) return text.split(':').filter((part) => part !== '');
  const scalar = scalarOf(text);
  return leaf.schema.safeParse(scalar).success ? scalar : text;
}

function scalarOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?$/u.test(text) ? Number(text) : text;
}
