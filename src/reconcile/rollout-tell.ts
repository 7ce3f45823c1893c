import type { RolloutRecord } from '../model/rollout.ts';
import type { Logger } from '../lib/logger.ts';

/** One line for every phase that a rollout comes to. */
export function tellPhase(log: Logger, { number, revision, note, phase, batches }: RolloutRecord): void {
  const fields = {
    rollout: number,
    revision: revision.slice(0, 12),
    ...(note === '' ? {} : { why: note }),
  };
  switch (phase) {
    case 'running':
      log.info('a rollout goes by batches', {
        ...fields,
        batches: batches.map((batch) => batch.length).join(' '),
      });
      return;
    case 'done':
      log.success('the rollout is done', fields);
      return;
    case 'rolling-back':
      log.error('the rollout has stopped; its revision is pinned and taken back', fields);
      return;
    case 'held':
      log.error('the rollout has stopped; its revision is pinned, and nodes that have it keep it', fields);
      return;
    case 'rolled-back':
      log.warn('the revision is taken back, and pinned until the registry moves on', fields);
      return;
    case 'rollback-failed':
      log.error('the revision could not be taken back from every node', fields);
      return;
    case 'paused':
    case 'overridden':
    case 'superseded':
      log.info(`the rollout is ${phase}`, fields);
  }
}
