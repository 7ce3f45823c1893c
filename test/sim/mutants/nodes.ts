import type { Mutant } from './mutant.ts';

const model = 'test/receiver/model.ts';

/** Defects of a node: what its receiver must not do. */
export const nodeMutants: readonly Mutant[] = [
  {
    name: 'node-obeys-an-older-epoch',
    edits: [
      {
        file: model,
        search: `if (mark.epoch < fence.epoch) return 'FENCED';`,
        replace: 'if (mark.epoch < fence.epoch) return undefined;',
      },
    ],
  },
  {
    name: 'node-obeys-another-writer',
    edits: [{ file: model, search: `if (mark.writer !== fence.writer) return 'RIVAL';`, replace: '' }],
  },
  {
    name: 'node-obeys-a-lower-seq',
    edits: [{ file: model, search: `mark.seq < fence.seq ? 'STALE' : undefined`, replace: 'undefined' }],
  },
  {
    name: 'node-raises-the-fence-after-the-rename',
    edits: [
      {
        file: model,
        search: `        ...fence,
        { name: 'durable' },
        { name: 'replacing' },
        { name: 'renamed', effect: put },`,
        replace: `        { name: 'durable' },
        { name: 'replacing' },
        { name: 'renamed', effect: put },
        ...fence,`,
      },
    ],
  },
  {
    name: 'node-writes-half-a-file',
    edits: [
      {
        file: model,
        search: 'else this.files.set(path, bytes);',
        replace: 'else this.files.set(path, bytes.length % 7 === 0 ? bytes.slice(0, -9) : bytes);',
      },
    ],
  },
  {
    name: 'node-changes-bytes-outside-our-marks',
    edits: [
      {
        file: model,
        search: 'if (found !== null) return old.slice(0, found.index) + document',
        replace: 'if (found !== null) return document',
      },
    ],
  },
  {
    name: 'node-lowers-its-fence',
    edits: [
      {
        file: model,
        search: `findLast((line) => line.valid && line.word === 'fence')`,
        replace: `find((line) => line.valid && line.word === 'fence')`,
      },
    ],
  },
];
