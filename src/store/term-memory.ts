import type { Term } from '../model/term.ts';
import type { Durable } from './durable.ts';
import type { TermRecord } from './records.ts';

/** The own last term, so that a restart with the term store down may re-assert it. Without the store it lasts as long as the process. */
export function durableTermMemory(durable: Durable): {
  remember(term: Term, seqLimit: number): Promise<void>;
  recall(): Promise<TermRecord | undefined>;
} {
  let last: TermRecord | undefined;
  return {
    remember: async (term, seqLimit) => {
      last = { term, seqLimit };
      await durable.ask('rememberTerm', last);
    },
    recall: async () => {
      const reply = await durable.ask('recallTerm');
      return reply.available ? reply.value : last;
    },
  };
}
