import type { CommandModule } from '../command.ts';

export interface Entry {
  /** `['node', 'add']`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly group: Group;
  readonly hidden?: true;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

/** Headings of the help, in their order. */
export const groups = {
  everyday: 'Every day:',
  registries: 'What should be:',
  history: 'What was:',
  control: 'The controller itself:',
  predecessor: 'As the predecessor spelt it:',
  other: 'Other:',
} as const;
export type Group = keyof typeof groups;
