import type { FreezeScope } from '../contract/steering.ts';
import type { Call } from './call.ts';
import { nodeTypeOf } from './node-types.ts';
import { wrongWord } from './words.ts';

/** What a command freezes or thaws: nodes, a type, or everything, and exactly one of them. */
export function freezeScope(call: Call, what: string): FreezeScope {
  const nodes = call.words(0);
  const type = call.text('type');
  const all = call.flag('all');
  if ([nodes.length > 0, type !== undefined, all].filter(Boolean).length !== 1)
    throw wrongWord(
      {
        place: 'node',
        expected: 'nodes, or --type, or --all',
        remedy: `such as: syncctl ${what} contabo-vps`,
      },
      all || type !== undefined ? 'several' : undefined,
    );
  return { nodes, type: type === undefined ? undefined : nodeTypeOf(type, '--type'), all };
}
