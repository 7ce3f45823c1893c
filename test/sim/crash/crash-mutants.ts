import { one, type Mutant } from '../mutants/mutant.ts';

/** A defect that nobody sees as long as nobody dies, and the act of the script in which a death shows it. */
export interface CrashMutant extends Mutant {
  readonly act: string;
}

const within = (act: string, mutant: Mutant): CrashMutant => ({ ...mutant, act });

/** Defects of what is remembered, and when. */
export const crashMutants: readonly CrashMutant[] = [
  within(
    'decisions',
    one(
      'a pause is acknowledged before it is kept',
      'src/store/decisions.ts',
      `    await this.writeCopy();
    await this.parts.durable.ask('pause', pause);`,
      '',
    ),
  ),
];
