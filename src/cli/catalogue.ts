import { controlCommands } from './catalogue/control.ts';
import type { Entry, Group } from './catalogue/entry.ts';
import { everydayCommands } from './catalogue/everyday.ts';
import { historyCommands } from './catalogue/history.ts';
import { nodeCommands } from './catalogue/nodes.ts';
import { otherCommands } from './catalogue/other.ts';
import { rolloutCommands } from './catalogue/rollout.ts';
import { setupCommands } from './catalogue/setup.ts';
import { secretCommands } from './catalogue/secrets.ts';
import { serviceCommands } from './catalogue/services.ts';

export { groups, type Entry, type Group } from './catalogue/entry.ts';

/** Words that hold further commands. */
export const branches = [
  { name: 'node', summary: 'the nodes: list, show, add, remove, trust, restore, stats', group: 'registries' },
  {
    name: 'service',
    summary: 'the services: list, show, register, publish, discover …',
    group: 'registries',
  },
  { name: 'domain', summary: 'public domains and where services are routed', group: 'registries' },
  { name: 'secret', summary: 'sealed values: keygen, encrypt, decrypt, rotate, check', group: 'registries' },
  { name: 'rollout', summary: 'how a new revision goes: show, pause, resume, abort', group: 'control' },
  { name: 'term', summary: 'who may write: show, take', group: 'control' },
  { name: 'admission', summary: 'edits judged before they are saved: manifest', group: 'control' },
  { name: 'notify', summary: 'who is told of incidents: test', group: 'control' },
  { name: 'token', summary: 'who may use the API: create, list, revoke', group: 'control' },
] as const satisfies readonly { name: string; summary: string; group: Group }[];

/** Every command of `syncctl`, in the order of the help. A new one is an entry in the file of its group. */
export const catalogue: readonly Entry[] = [
  ...everydayCommands,
  ...nodeCommands,
  ...serviceCommands,
  ...secretCommands,
  ...historyCommands,
  ...setupCommands,
  ...controlCommands,
  ...rolloutCommands,
  ...otherCommands,
];
