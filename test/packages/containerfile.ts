/** One instruction of a Containerfile, continued lines joined, remarks left out. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The stages of a Containerfile, each a list of instructions that begins with its FROM. */
export function stagesOf(text: string): readonly (readonly Instruction[])[] {
  const joined = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/gu, '');
  const stages: Instruction[][] = [];
  for (const line of joined.split('\n').filter((each) => each.trim() !== '')) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/u.exec(line) ?? [];
    if (word === 'FROM') stages.push([]);
    stages.at(-1)?.push({ word, rest });
  }
  return stages;
}

/** What all instructions of one word say, in order. */
export function all(stage: readonly Instruction[], word: string): readonly string[] {
  return stage.filter((each) => each.word === word).map(({ rest }) => rest);
}

/** `ENV A=1 B=2` as pairs. */
export function environmentOf(stage: readonly Instruction[]): readonly string[] {
  return all(stage, 'ENV').flatMap((line) => line.split(/\s+/u));
}
