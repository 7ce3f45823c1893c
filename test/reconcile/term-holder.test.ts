import { describe, expect, it } from 'vitest';
import type { Term } from '../../src/model/term.ts';
import { TermHolder } from '../../src/reconcile/term-holder.ts';

const own: Term = { clusterId: 'sc-aaaa', epoch: 4, writer: 'aaaaaaaa' };

/** A holder whose disk and term store work as long as the test says so; what is on the disk outlives it. */
function rig(disk: { kept: { term: Term; seqLimit: number }; fails: boolean }) {
  const store = { away: false, epoch: own.epoch };
  const holder = new TermHolder({
    keeper: {
      take: ({ writer }) => {
        if (store.away) return Promise.reject(new Error('the term store is away'));
        store.epoch += 1;
        return Promise.resolve({ clusterId: own.clusterId, epoch: store.epoch, writer });
      },
    },
    memory: {
      remember: (term, seqLimit) => {
        if (disk.fails) return Promise.reject(new Error('disk I/O error'));
        disk.kept = { term, seqLimit };
        return Promise.resolve();
      },
      recall: () => Promise.resolve(disk.kept),
    },
    random: { unit: () => 0, hex: () => 'bbbbbbbb' },
    holder: 'test',
  });
  return { holder, store };
}

describe('the own last term', () => {
  it('is gone on with above every seq that was used, however often and in however many lives', async () => {
    const disk = { kept: { term: own, seqLimit: 1_000 }, fails: false };
    const used = new Set<number>();
    for (let life = 0; life < 2; life += 1) {
      const { holder } = rig(disk);
      for (let turn = 0; turn < 3; turn += 1) {
        expect(await holder.reassert(own.clusterId)).toEqual(own);
        for (let push = 0; push < 5; push += 1) used.add(holder.next().seq);
      }
    }
    expect(used.size).toBe(30);
    expect(Math.min(...used)).toBeGreaterThan(1_000);
  });

  it('is not gone on with where the disk cannot keep which seqs are used: a restart would use them again', async () => {
    const { holder } = rig({ kept: { term: own, seqLimit: 1_000 }, fails: true });
    await expect(holder.reassert(own.clusterId)).rejects.toThrow('disk I/O error');
    expect(holder.current()).toBeUndefined();
  });
});

describe('a new term', () => {
  it('begins also where the disk cannot keep it, for no restart can begin it again', async () => {
    const { holder, store } = rig({ kept: { term: own, seqLimit: 1_000 }, fails: true });
    expect(await holder.begin(0)).toMatchObject({ epoch: 5, writer: 'bbbbbbbb' });
    expect(holder.next()).toEqual({ epoch: 5, writer: 'bbbbbbbb', seq: 1 });
    expect(holder.isReasserting()).toBe(false);
    store.away = true;
    await expect(holder.begin(0)).rejects.toThrow('away');
    expect(holder.next().seq).toBe(2);
  });
});
